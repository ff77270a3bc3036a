// Records what the page shows, with the microphone's sound if wanted.
import {openMicrophone} from './camera.js';
import {Problem} from './words.js';

const KINDS = ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];
const RATE = 30;  // frames a second, at most
const BITS = 4e6;  // a second

export class Recorder {
  // Begins; `ended` gets the blob, the ending of its file's name, and the seconds that it lasts.
  static async start(canvas, sound, ended) {
    const kind = globalThis.MediaRecorder && KINDS.find(one => MediaRecorder.isTypeSupported(one));
    if (!kind || !canvas.captureStream) throw new Problem('noRecorder');
    const microphone = sound ? await openMicrophone() : null;
    const stream = canvas.captureStream(RATE);
    for (const track of microphone?.getTracks() ?? []) stream.addTrack(track);
    const recorder = new MediaRecorder(stream, {mimeType: kind, videoBitsPerSecond: BITS});
    const parts = [], begun = performance.now();
    recorder.addEventListener('dataavailable', event => parts.push(event.data));
    recorder.addEventListener('stop', () => {
      for (const track of stream.getTracks()) track.stop();
      const type = kind.split(';')[0];
      ended(new Blob(parts, {type}), type.split('/')[1], (performance.now() - begun) / 1000);
    });
    recorder.start();
    return new Recorder(recorder);
  }

  constructor(recorder) {
    this.recorder = recorder;
  }

  stop() {
    if (this.recorder.state !== 'inactive') this.recorder.stop();
  }
}
