// Gets ONNX Runtime: a pinned version from a public server, or from a folder of this page's own server (?ort=FOLDER).
import {Problem} from './words.js';

const VERSION = '1.30.0';
const PUBLIC = `https://cdn.jsdelivr.net/npm/onnxruntime-web@${VERSION}/dist/`;
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

async function fetchFile(folder, name) {
  try {
    const answer = await fetch(new URL(name, folder), {integrity: FILES[name]});
    if (answer.ok) return answer;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;  // offline, refused, or other content than was pinned
  }
  throw new Problem('runtime', {folder, version: VERSION});
}

export async function loadRuntime() {
  let folder = ownAddress('ort') ?? PUBLIC;
  if (!String(folder).endsWith('/')) folder += '/';
  const [code, binary] = await Promise.all(Object.keys(FILES).map(name => fetchFile(folder, name)));
  const link = URL.createObjectURL(new Blob([await code.text()], {type: 'text/javascript'}));
  const ort = await import(link);
  ort.env.wasm.wasmBinary = await binary.arrayBuffer();
  ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
  return ort;
}

// A session for the bytes of an ONNX file.
export const openNetwork = (ort, bytes) => ort.InferenceSession.create(bytes, {executionProviders: ['wasm']});
