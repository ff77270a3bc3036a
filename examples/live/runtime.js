// Gets ONNX Runtime, a pinned version: from the folder live/ort beside this page or, where that is missing and the
// visitor says so, from a public server. Runs networks on the graphics card where that is faster.
import {Problem} from './words.js';

const VERSION = '1.30.0';
const PUBLIC = `https://cdn.jsdelivr.net/npm/onnxruntime-web@${VERSION}/dist/`;
const OWN = 'live/ort/';
const BUILDS = {
  wasm: {
    'ort.wasm.bundle.min.mjs': 'PLWz+nHEVHpjwBsO0YVdvQj6n5814Iv8E3b8FG0Rp/uIAtjFMCKOpP66iPzedrIG',
    'ort-wasm-simd-threaded.wasm': 'vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM',
  },
  webgpu: {  // runs on the processor, too
    'ort.webgpu.bundle.min.mjs': '1ntMeyj+z5diX6vBR5h+zlJBPc4iNvhCxE6nlammh8daBYcLBZkzrwDkuJjhwI+f',
    'ort-wasm-simd-threaded.asyncify.wasm': 'EPVDLTxuO663dkZO/pcKJF6vOyyfq/5z9FY1oksN0UWFX2ABH4wDDZQHeNoUleWR',
  },
};
const MOST_THREADS = 4;
const TRIES = 3;  // runs that the speed is measured over, after a first one

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

async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-384', bytes));
  return btoa(String.fromCharCode(...hash));
}

// One of the files, unpacked, or nothing where it is not there, or is another one.
async function fetchFile(address, hash) {
  try {
    const answer = await fetch(address);
    if (!answer.ok) return null;
    let bytes = new Uint8Array(await answer.arrayBuffer());
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
      bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
    }
    return await digest(bytes) === hash ? bytes : null;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;  // offline, refused, or cut off
    return null;
  }
}

async function fetchBuild(build, folder, packed) {
  const answers = await Promise.all(Object.entries(BUILDS[build]).map(([name, hash]) =>
    fetchFile(new URL(packed && name.endsWith('.wasm') ? `${name}.gz` : name, folder), hash)));
  return answers.every(Boolean) ? answers : null;
}

const wantedDevice = () => new URLSearchParams(location.search).get('device');

// Whether there is a graphics card to compute on; ?device=webgpu takes one that is computed itself, too.
async function hasGraphics() {
  const wanted = wantedDevice();
  if (wanted === 'wasm' || !navigator.gpu) return false;
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  return Boolean(adapter) && (wanted === 'webgpu' || !adapter.info?.isFallbackAdapter);
}

async function fetchRuntime() {
  const own = new URL(OWN, location.href), graphics = await hasGraphics();
  for (const build of graphics ? ['webgpu', 'wasm'] : ['wasm']) {
    const files = await fetchBuild(build, own, true);
    if (files) return {files, graphics: build === 'webgpu'};
  }
  if (!allowed) throw new Problem('elsewhere', {host: new URL(PUBLIC).host, version: VERSION});
  const files = await fetchBuild('wasm', PUBLIC, false);
  if (!files) throw new Problem('runtime', {folder: PUBLIC, version: VERSION});
  return {files, graphics: false};
}

export class Runtime {
  constructor(ort, graphics) {
    Object.assign(this, {ort, graphics, Tensor: ort.Tensor, device: 'wasm'});
  }

  static async load() {
    if (!crypto.subtle) throw new Problem('insecure');
    const {files: [code, binary], graphics} = await fetchRuntime();
    const link = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));
    const ort = await import(link);
    ort.env.wasm.wasmBinary = binary.buffer;
    ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
    ort.env.logLevel = 'error';
    return new Runtime(ort, graphics);
  }

  // A session for the bytes of an ONNX file, on the device that was found to be the faster one.
  async open(bytes) {
    const create = device => this.ort.InferenceSession.create(bytes, {executionProviders: [device]});
    if (this.device === 'wasm') return create('wasm');
    try {
      return await create(this.device);
    } catch (error) {
      console.warn(error);  // whatever the graphics card's driver cannot do, the processor can
      return create('wasm');
    }
  }

  // The same for the first network, which decides about the device: the inputs are an example.
  async openFirst(bytes, inputs) {
    const create = device => this.ort.InferenceSession.create(bytes.slice(), {executionProviders: [device]});
    const processor = await create('wasm');
    if (!this.graphics) return processor;
    try {
      const graphics = await create('webgpu');
      await graphics.run(inputs);
      const wanted = wantedDevice() === 'webgpu';
      if (!wanted && await seconds(graphics, inputs) >= await seconds(processor, inputs)) return processor;
      this.device = 'webgpu';
      return graphics;
    } catch (error) {
      console.warn(error);
      return processor;
    }
  }
}

async function seconds(session, inputs) {
  await session.run(inputs);
  const begun = performance.now();
  for (let i = 0; i < TRIES; i++) await session.run(inputs);
  return performance.now() - begun;
}
