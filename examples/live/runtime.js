// Gets ONNX Runtime, a pinned version: from the folder ort/ beside this page, from another of its server (?ort=FOLDER),
// or, if the visitor says so, from a public server.
import {Problem} from './words.js';

const VERSION = '1.30.0';
const PUBLIC = `https://cdn.jsdelivr.net/npm/onnxruntime-web@${VERSION}/dist/`;
const OWN = 'ort/';
const FILES = {
  'ort.wasm.bundle.min.mjs': 'sha384-PLWz+nHEVHpjwBsO0YVdvQj6n5814Iv8E3b8FG0Rp/uIAtjFMCKOpP66iPzedrIG',
  'ort-wasm-simd-threaded.wasm': 'sha384-vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM',
};
const MOST_THREADS = 4;

// An address that the page's own server has to answer: a link to this page cannot bring in anybody else's files.
export function ownAddress(name) {
  const wanted = new URLSearchParams(location.search).get(name);
  if (!wanted) return null;
  const url = new URL(wanted, location.href);
  if (url.origin !== location.origin) throw new Problem('foreign', {name});
  return url;
}

// Whether the public server may be asked; it learns the visitor's address, so the visitor decides.
let allowed = false;
export const allowElsewhere = () => { allowed = true; };

// One of the files, or nothing where it is not there, or is another one.
async function fetchFile(folder, name) {
  try {
    const answer = await fetch(new URL(name, folder), {integrity: FILES[name]});
    return answer.ok ? answer : null;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;  // offline, refused, or other content than was pinned
    return null;
  }
}

async function fetchAll(folder) {
  const answers = await Promise.all(Object.keys(FILES).map(name => fetchFile(folder, name)));
  return answers.every(Boolean) ? answers : null;
}

export async function loadRuntime() {
  const given = ownAddress('ort');
  let folder = given ?? new URL(OWN, location.href);
  if (!String(folder).endsWith('/')) folder += '/';
  let found = await fetchAll(folder);
  if (!found && !given) {
    folder = PUBLIC;
    if (!allowed) throw new Problem('elsewhere', {host: new URL(PUBLIC).host, version: VERSION});
    found = await fetchAll(folder);
  }
  if (!found) throw new Problem('runtime', {folder, version: VERSION});
  const [code, binary] = found;
  const link = URL.createObjectURL(new Blob([await code.text()], {type: 'text/javascript'}));
  const ort = await import(link);
  ort.env.wasm.wasmBinary = await binary.arrayBuffer();
  ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
  return ort;
}

// A session for the bytes of an ONNX file.
export const openNetwork = (ort, bytes) => ort.InferenceSession.create(bytes, {executionProviders: ['wasm']});
