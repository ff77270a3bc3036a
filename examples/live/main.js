// The page: its controls, and what they do.
import {listCameras, openCamera} from './camera.js';
import {People, fetchVirtual, showVirtual, virtualNames} from './people.js';
import {Recorder} from './recorder.js';
import {Runtime, allowElsewhere, ownAddress} from './runtime.js';
import {Stage} from './stage.js';
import {SETTINGS} from './swap.js';
import {Problem, say, switchLanguage, translate} from './words.js';

const LANDMARKS = ['geometry-lite.onnx', '../weights/geometry-lite.onnx'];  // beside the page, or in the repository
const CROP = 128;  // px, side of what the landmark network sees

const $ = id => document.getElementById(id);
const people = new People($('people'), $('exchange'));
const stage = new Stage($('stage'), $('numbers'), people, $('mirror'));
let problem = null, running = null, waiting = null, recorder = null, virtual = [];

// One message at a time: a problem takes the place of what was said before.
function show(error) {
  if (error && !(error instanceof Problem)) {
    console.error(error);
    error = new Problem('unexpected', {said: error.message || String(error)});
  }
  problem = error;
  $('problem').textContent = error ? error.sentence : '';
  $('problem').hidden = !error;
  $('allow').hidden = error?.key !== 'elsewhere';
  if (!error) return;
  if (!running) tell(null);
  $('problem').scrollIntoView({block: 'nearest'});
}

// What goes on, by the key of the words; nothing when null.
function tell(key) {
  $('numbers').dataset.say = key ?? '';
  if (!key) delete $('numbers').dataset.say;
  $('numbers').textContent = key ? say(key) : '';
}

// Loaded once, with the first network or the first start.
let networks;
const load = () => (networks ??= loadNetworks().catch(error => {
  networks = undefined;
  throw error;
}));

async function loadNetworks() {
  tell('loading');
  const runtime = await Runtime.load();
  const own = ownAddress('landmarks');
  for (const address of own ? [own] : LANDMARKS) {
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) continue;
    const example = new runtime.Tensor('float32', new Float32Array(3 * CROP * CROP), [1, 3, CROP, CROP]);
    const landmarks = await runtime.openFirst(new Uint8Array(await answer.arrayBuffer()), {faces: example});
    return {runtime, landmarks};
  }
  throw new Problem('missing', {name: String(own ?? LANDMARKS[0])});
}

async function choosePerson(blob, name, virtualName = null) {
  const {runtime} = await load();
  if (!running) tell('loadingPerson');
  await people.add(runtime, await blob, name, virtualName);
  if (!running) tell('ready');
}

const chooseVirtual = name => choosePerson(fetchVirtual(name), name, name);

// A click on somebody who does not exist: to try, or no more.
function toggleVirtual(name) {
  const chosen = people.all.find(person => person.virtual === name);
  return chosen ? people.remove(chosen) : chooseVirtual(name);
}

function setFaces(count) {
  $('two').checked = count > 1;
  people.faces = count;
  people.show();
}

async function start() {
  if (!$('consent').checked) throw new Problem('noConsent');
  if (!people.all.length && !virtual.length) throw new Problem('noFile');
  const run = running = {};  // one that was replaced or ended sees another value in `running`
  setButtons();
  let stream;
  try {
    const {runtime, landmarks} = await load();
    if (!people.all.length) await chooseVirtual(virtual[0]);
    if (running !== run) return;
    tell('opening');
    stream = await openCamera($('device').value, $('size').value.split(' × ').map(Number));
    if (running !== run) return;
    await listCameras($('device'), stream);
    tell(null);
    await stage.show(stream, runtime, landmarks, begun);
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    if (running === run) stop();
  }
}

function begun() {
  $('empty').hidden = true;
  $('record').disabled = false;
  if (innerWidth < 760) $('stage').scrollIntoView({block: 'center'});
}

function stop() {
  recorder?.stop();
  running = null;
  stage.stop();
  $('empty').hidden = false;
  $('record').disabled = true;
  tell('stopped');
  setButtons();
}

async function restart() {
  if (!running) return;
  stop();
  await start();
}

function setButtons() {
  for (const [id, key] of [['start', running ? 'stop' : 'start'], ['record', recorder ? 'recordEnd' : 'record']]) {
    $(id).textContent = say(key);
    $(id).dataset.say = key;
  }
  $('numbers').ariaLive = running ? 'off' : 'polite';  // a rate that changes all the time is not read out
}

async function record() {
  if (recorder) {
    recorder.stop();
    return;
  }
  $('record').disabled = true;
  const sound = $('sound').checked;
  recorder = await Recorder.start($('stage'), sound, (blob, ending, seconds) => {
    recorder = null;
    setButtons();
    if (!blob.size) return;
    const link = $('recording');
    if (link.href) URL.revokeObjectURL(link.href);
    Object.assign(link, {href: URL.createObjectURL(blob), download: `swapped.${ending}`, hidden: false});
    link.said = {seconds: seconds.toFixed(0), megabytes: (blob.size / 1e6).toFixed(1)};
    link.textContent = say('saved', link.said);
    link.dataset.unsaved = '';
  }).finally(() => { $('record').disabled = !running; });
  setButtons();
}

// Whatever a user does ends in a sentence or without one.
const attempt = action => Promise.resolve().then(() => {
  show(null);
  waiting = action;
  return action();
}).catch(show);

function chooseFiles(files) {
  const chosen = [...files];  // the list is emptied below
  $('file').value = '';
  if (chosen.length > 1) setFaces(2);
  attempt(async () => {
    for (const file of chosen) await choosePerson(file, file.name);
  });
}

function changeLanguage() {
  switchLanguage();
  if (problem) show(problem);
  people.show();
  for (const button of $('virtual').querySelectorAll('button')) {
    button.firstChild.alt = say('virtualName', {number: Number(button.dataset.name)});
  }
  if ($('recording').said) $('recording').textContent = say('saved', $('recording').said);
}

function wire() {
  $('start').addEventListener('click', () => attempt(running ? stop : start));
  $('consent').addEventListener('change', () => { if (problem?.key === 'noConsent') show(null); });
  $('record').addEventListener('click', () => attempt(record));
  $('recording').addEventListener('click', () => delete $('recording').dataset.unsaved);
  $('two').addEventListener('change', () => setFaces($('two').checked ? 2 : 1));
  $('exchange').addEventListener('click', () => people.swapOrder());
  $('file').addEventListener('change', event => chooseFiles(event.target.files));
  $('allow').addEventListener('click', () => {
    allowElsewhere();
    attempt(waiting);
  });
  $('language').addEventListener('click', changeLanguage);
  for (const id of ['device', 'size']) $(id).addEventListener('change', () => attempt(restart));
  for (const name of Object.keys(SETTINGS)) {
    $(name).addEventListener('input', () => { stage.settings[name] = Number($(name).value); });
  }
  $('defaults').addEventListener('click', () => {
    for (const [name, value] of Object.entries(SETTINGS)) stage.settings[name] = $(name).value = value;
  });
  document.addEventListener('dragover', event => event.preventDefault());
  document.addEventListener('drop', event => {
    event.preventDefault();
    if (event.dataTransfer.files.length) chooseFiles(event.dataTransfer.files);
  });
  window.addEventListener('pagehide', () => running && stop());
  window.addEventListener('beforeunload', event => {
    if ($('recording').dataset.unsaved !== undefined) event.preventDefault();
  });
}

async function offerVirtual() {
  virtual = await virtualNames();
  $('virtual').hidden = !virtual.length;
  showVirtual($('virtual').querySelector('.strip'), virtual, name => attempt(() => toggleVirtual(name)));
}

async function loadGiven() {
  const given = ownAddress('face');
  if (!given) return;
  const answer = await fetch(given).catch(() => null);
  if (!answer?.ok) throw new Problem('missing', {name: given.pathname.split('/').pop()});
  await choosePerson(answer.blob(), decodeURIComponent(given.pathname.split('/').pop()));
}

translate();
wire();
attempt(async () => {
  await offerVirtual();
  await attempt(loadGiven);
});
