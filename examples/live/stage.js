// The loop over the camera's frames, and what it draws.
import {SETTINGS} from './swap.js';
import {Faces} from './tracker.js';
import {Problem, say} from './words.js';

const COUNTED = 30;  // frames that the rate is measured over
const SETTLED = 3;  // frames before which a rate says nothing

export class Stage {
  // `canvas` is drawn on, `numbers` says how fast; `people` and `mirror` are looked at anew for every frame.
  constructor(canvas, numbers, people, mirror) {
    Object.assign(this, {canvas, numbers, people, mirror, settings: {...SETTINGS}, run: null});
    this.context = canvas.getContext('2d');
    this.video = document.createElement('video');
    this.video.muted = this.video.playsInline = true;
  }

  // Shows a stream until `stop`; `begun` is called with the first picture.
  async show(stream, runtime, landmarks, begun) {
    const run = this.run = {};  // one that was replaced or ended sees another value in `this.run`
    let lost = false;
    stream.getVideoTracks()[0]?.addEventListener('ended', () => { lost = true; });
    this.video.srcObject = stream;
    await this.video.play();
    const faces = new Faces(runtime, landmarks), finished = [];
    while (this.run === run) {
      const seen = await Promise.race([this.nextFrame(), new Promise(done => setTimeout(done, 1000, null))]);
      if (lost) throw new Problem('lost');
      if (this.run !== run || seen === null || !this.video.videoWidth) continue;
      const found = await this.draw(faces, seen / 1000, run);
      if (this.run !== run) break;
      if (!finished.length) begun();
      const now = performance.now();
      finished.push(now);
      if (finished.length > COUNTED) finished.shift();
      this.tell(finished, now - seen, found, runtime);
    }
  }

  stop() {
    this.run = null;
    this.video.srcObject = null;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // The next frame of the camera: when it was shown, in milliseconds.
  nextFrame() {
    return new Promise(done => {
      const {video} = this;
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback((now, frame) => done(frame.captureTime ?? now));
      else requestAnimationFrame(done);
    });
  }

  // Swaps and draws a frame; how many faces were found in it.
  async draw(faces, seconds, run) {
    const {video, canvas, context} = this, {videoWidth: width, videoHeight: height} = video;
    const frame = await createImageBitmap(video);  // the camera goes on while the networks run
    const cast = this.people.cast, meshes = await faces.update(frame, width, height, seconds, Math.max(1, cast.length));
    const base = this.mirror.checked ? [-1, 0, 0, 1, width, 0] : [1, 0, 0, 1, 0, 0];
    const off = new OffscreenCanvas(width, height), picture = off.getContext('2d');
    picture.setTransform(...base);
    picture.drawImage(frame, 0, 0);
    for (const [number, person] of cast.entries()) {
      if (meshes[number]) await person.draw(picture, base, frame, meshes[number], this.settings);
    }
    frame.close();
    if (this.run !== run) return 0;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    context.drawImage(off, 0, 0);
    const found = meshes.filter(Boolean).length;
    if (found && cast.length) this.drawLabel(height);
    return found;
  }

  // Whoever sees the picture can tell that it was swapped.
  drawLabel(height) {
    const {context} = this, size = Math.max(10, Math.round(0.028 * height)), edge = size / 2;
    context.font = `${size}px system-ui, sans-serif`;
    context.textBaseline = 'middle';
    const width = context.measureText(say('label')).width + 2 * edge;
    context.fillStyle = 'rgb(0 0 0 / 60%)';
    context.fillRect(edge, height - edge - 2 * size, width, 2 * size);
    context.fillStyle = '#fff';
    context.fillText(say('label'), 2 * edge, height - edge - size);
  }

  tell(finished, latency, found, runtime) {
    const said = [];
    if (finished.length >= SETTLED) {
      const rate = 1000 * (finished.length - 1) / (finished.at(-1) - finished[0]);
      said.push(`${rate.toFixed(1)} ${say('rate')}`, `${say('latency')} ${Math.max(0, latency).toFixed(0)} ms`);
      said.push(say(runtime.device === 'webgpu' ? 'graphics' : 'processor'));
    }
    if (!found) said.push(say('searching'));
    if (said.length) this.numbers.textContent = said.join(' · ');
    this.numbers.dataset.faces = found;
  }
}
