// The page: its controls, the camera, and the loop over its frames.
import {allowElsewhere, loadRuntime, openNetwork, ownAddress} from './runtime.js';
import {PersonNetwork} from './swap.js';
import {FaceTracker} from './tracker.js';
import {Problem, say, switchLanguage, translate} from './words.js';

const LANDMARKS = ['geometry-lite.onnx', '../weights/geometry-lite.onnx'];  // beside the page, or in the repository
const MOST_BYTES = 64 * 2 ** 20;
const CAMERA = {audio: false, video: {width: {ideal: 640}, height: {ideal: 480}, facingMode: 'user'}};
const REFUSED = {NotAllowedError: 'refused', NotFoundError: 'noCamera', OverconstrainedError: 'noCamera'};
const COUNTED = 30;  // frames that the rate is measured over

const $ = id => document.getElementById(id);
const video = document.createElement('video');
const canvas = $('stage'), context = canvas.getContext('2d');
let person = null, problem = null, running = null, waiting = null;

function show(error) {
  if (error && !(error instanceof Problem)) throw error;
  problem = error;
  $('problem').textContent = error ? error.sentence : '';
  $('problem').hidden = !error;
  $('allow').hidden = error?.key !== 'elsewhere';
}

// Loaded once, with the first network or the first start.
let networks;
const load = () => (networks ??= loadNetworks().catch(error => {
  networks = undefined;
  throw error;
}));

async function loadNetworks() {
  $('numbers').textContent = say('loading');
  const ort = await loadRuntime();
  const own = ownAddress('landmarks');
  for (const address of own ? [own] : LANDMARKS) {
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) return {ort, landmarks: await openNetwork(ort, new Uint8Array(await answer.arrayBuffer()))};
  }
  throw new Problem('missing', {name: String(own ?? LANDMARKS[0])});
}

async function choosePerson(blob, name) {
  if (blob.size > MOST_BYTES) throw new Problem('noPerson', {name});
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const {ort} = await load();
  person = await PersonNetwork.open(ort, bytes, name);
  person.said = {name, size: person.size, megabytes: (bytes.length / 1e6).toFixed(1)};
  $('chosen').textContent = say('chosen', person.said);
  if (!running) $('numbers').textContent = say('ready');
}

async function openCamera() {
  if (!navigator.mediaDevices) throw new Problem('insecure');
  try {
    return await navigator.mediaDevices.getUserMedia(CAMERA);
  } catch (error) {
    if (error instanceof DOMException) throw new Problem(REFUSED[error.name] ?? 'busy');
    throw error;
  }
}

// The next frame of the camera: when it was shown, in milliseconds.
const nextFrame = () => new Promise(done => {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback((now, frame) => done(frame.captureTime ?? now));
  else requestAnimationFrame(done);
});

async function start() {
  if (!$('consent').checked) throw new Problem('noConsent');
  if (!person) throw new Problem('noFile');
  const run = running = {};  // one that was replaced or ended sees another value in `running`
  setButton();
  let stream;
  try {
    const {ort, landmarks} = await load();
    stream = await openCamera();
    if (running !== run) return;
    video.srcObject = stream;
    video.muted = video.playsInline = true;
    await video.play();
    await loop(run, new FaceTracker(ort, landmarks));
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    if (running === run) stop();
  }
}

function stop() {
  running = null;
  video.srcObject = null;
  context.clearRect(0, 0, canvas.width, canvas.height);
  $('empty').hidden = false;
  $('numbers').textContent = say('stopped');
  setButton();
}

function setButton() {
  $('start').textContent = say(running ? 'stop' : 'start');
  $('start').dataset.say = running ? 'stop' : 'start';
}

async function loop(run, tracker) {
  const finished = [];
  while (running === run) {
    const seen = await nextFrame();
    const {videoWidth: width, videoHeight: height} = video;
    if (running !== run || !width) continue;
    const faces = await drawFrame(tracker, width, height, seen / 1000);
    if (running !== run) break;
    $('empty').hidden = true;
    const now = performance.now();
    finished.push(now);
    if (finished.length > COUNTED) finished.shift();
    showNumbers(finished, now - seen, faces);
  }
}

async function drawFrame(tracker, width, height, seconds) {
  const frame = await createImageBitmap(video);  // the camera goes on while the networks run
  const mesh = await tracker.update(frame, width, height, seconds);
  const base = $('mirror').checked ? [-1, 0, 0, 1, width, 0] : [1, 0, 0, 1, 0, 0];
  const off = new OffscreenCanvas(width, height), picture = off.getContext('2d');
  picture.setTransform(...base);
  picture.drawImage(frame, 0, 0);
  if (mesh) await person.draw(picture, base, frame, mesh);
  frame.close();
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
  context.drawImage(off, 0, 0);
  if (mesh) drawLabel(height);
  return mesh ? 1 : 0;
}

// Whoever sees the picture can tell that it was swapped.
function drawLabel(height) {
  const size = Math.max(10, Math.round(0.028 * height)), edge = size / 2;
  context.font = `${size}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  const width = context.measureText(say('label')).width + 2 * edge;
  context.fillStyle = 'rgb(0 0 0 / 60%)';
  context.fillRect(edge, height - edge - 2 * size, width, 2 * size);
  context.fillStyle = '#fff';
  context.fillText(say('label'), 2 * edge, height - edge - size);
}

function showNumbers(finished, latency, faces) {
  const rate = finished.length > 1 ? 1000 * (finished.length - 1) / (finished.at(-1) - finished[0]) : 0;
  const said = [`${rate.toFixed(1)} ${say('rate')}`, `${say('latency')} ${Math.max(0, latency).toFixed(0)} ms`];
  if (!faces) said.push(say('searching'));
  $('numbers').textContent = said.join(' · ');
  $('numbers').dataset.faces = faces;
}

// Whatever a user does ends in a sentence or without one.
const attempt = action => Promise.resolve().then(() => {
  show(null);
  waiting = action;
  return action();
}).catch(show);

function chooseFiles(files) {
  if (files.length) attempt(() => choosePerson(files[0], files[0].name));
}

function wire() {
  $('start').addEventListener('click', () => attempt(running ? stop : start));
  $('file').addEventListener('change', event => chooseFiles(event.target.files));
  $('allow').addEventListener('click', () => {
    allowElsewhere();
    attempt(waiting);
  });
  $('language').addEventListener('click', () => {
    switchLanguage();
    if (problem) show(problem);
    if (person) $('chosen').textContent = say('chosen', person.said);
  });
  document.addEventListener('dragover', event => event.preventDefault());
  document.addEventListener('drop', event => {
    event.preventDefault();
    chooseFiles(event.dataTransfer.files);
  });
  window.addEventListener('pagehide', () => running && stop());
}

async function begin() {
  translate();
  wire();
  const given = ownAddress('face');
  if (!given) return;
  const answer = await fetch(given).catch(() => null);
  if (!answer?.ok) throw new Problem('missing', {name: given.pathname});
  await choosePerson(await answer.blob(), given.pathname.split('/').pop());
}

attempt(begin);
