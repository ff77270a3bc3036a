// One person's network: an aligned crop in, the swapped face with its soft edge out.
import {TEMPLATES, alignment, apply, canvasTransform, fivePoints, invert} from './align.js';
import {ColorMatch} from './colors.js';
import {cut, square} from './crops.js';
import {readMetadata} from './onnx-file.js';
import {Problem} from './words.js';

const OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176,
  149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109];
const LIPS = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95];  // inner edge
const FOREHEAD = 10, GLABELLA = 9;
// How much further up, in heights of the forehead, the outline goes there than the mesh does.
const RAISED = {10: 0.1, 109: 0.1, 338: 0.1, 67: 0.095, 297: 0.095, 103: 0.08, 332: 0.08, 54: 0.055, 284: 0.055};
const INSET = 0.94;  // of the outline, so that its soft edge lies in the face
const SOFT = 4;  // px, width of the edge: the outline is drawn that much smaller and enlarged
const BORDER = 0.06;  // of the crop's side, where the face fades out in any case

// What may be changed while it runs: opacity of the face, share of the open mouth that stays as it is, size of the
// region, and share of the forehead that belongs to it.
export const SETTINGS = {strength: 1, mouth: 1, area: 1, forehead: 1};

export class PersonNetwork {
  constructor(runtime, network, size, template) {
    Object.assign(this, {runtime, network, size, template});
    this.input = new Float32Array(3 * size * size);
    [this.crop, this.patch, this.soft, this.outline] = [size, size, size, Math.ceil(size / SOFT)].map(square);
    this.pixels = this.patch.createImageData(size, size);
    this.opacity = new Uint8ClampedArray(size * size);
    this.colors = new ColorMatch();
    const edge = i => Math.min(1, (Math.min(i, size - 1 - i) + 0.5) / (BORDER * size));
    this.border = Float32Array.from({length: size * size}, (_, i) => edge(i % size) * edge(Math.floor(i / size)));
  }

  // Opens a file written by `python -m swapper export`.
  static async open(runtime, bytes, name) {
    const said = readMetadata(bytes), size = Number(said?.size);
    if (!said || !TEMPLATES[said.template] || !(size >= 32 && size <= 1024)) throw new Problem('noPerson', {name});
    if (said.fit && said.fit !== 'fixed') throw new Problem('otherFit', {name});
    let network;
    try {
      network = await runtime.open(bytes);
    } catch (error) {
      console.warn(error);  // whatever the runtime throws, it says that the file cannot be run
      throw new Problem('damaged', {name});
    }
    return new PersonNetwork(runtime, network, size, said.template);
  }

  // Draws the person's face over the one with this mesh; `base` is the transform from the frame to the context.
  async draw(context, base, picture, mesh, settings) {
    const {size} = this, transform = alignment(fivePoints(mesh), size, this.template);
    cut(this.crop, picture, transform, this.input);
    const target = new this.runtime.Tensor('float32', this.input, [1, 3, size, size]);
    const {face, drawn = face, mask} = await this.network.run({target});  // older files lack what is not mixed yet
    this.fill(drawn.data, mask.data, this.region(mesh.map(point => apply(transform, point)), settings), settings.strength);
    context.save();
    context.setTransform(...base);
    context.transform(...canvasTransform(invert(transform)));
    context.drawImage(this.patch.canvas, 0, 0);
    context.restore();
  }

  // Opacity of the face's region, 0..255, one value for each pixel of the crop.
  region(mesh, {mouth, area, forehead}) {
    const small = this.outline, side = small.canvas.width, scale = side / this.size, inset = INSET * area;
    const up = [0, 1].map(axis => mesh[FOREHEAD][axis] - mesh[GLABELLA][axis]);
    const loop = OVAL.map(index => mesh[index].map((value, axis) => value + forehead * (RAISED[index] ?? 0) * up[axis]));
    const middle = [0, 1].map(axis => loop.reduce((sum, point) => sum + point[axis], 0) / loop.length);
    small.clearRect(0, 0, side, side);
    small.beginPath();
    for (const point of loop) small.lineTo(...point.map((v, axis) => scale * (middle[axis] + inset * (v - middle[axis]))));
    small.fill();
    small.save();
    small.globalCompositeOperation = 'destination-out';
    small.globalAlpha = mouth;
    small.beginPath();
    for (const index of LIPS) small.lineTo(...mesh[index].map(v => scale * v));
    small.fill();
    small.restore();
    this.soft.clearRect(0, 0, this.size, this.size);
    this.soft.drawImage(small.canvas, 0, 0, this.size, this.size);
    return this.soft.getImageData(0, 0, this.size, this.size).data;
  }

  fill(face, mask, region, strength) {
    const area = this.size * this.size, {data} = this.pixels, {opacity} = this;
    for (let i = 0; i < area; i++) opacity[i] = mask[i] * region[4 * i + 3] * this.border[i];
    const change = this.colors.update(face, this.input, area, opacity);
    for (let i = 0, j = 0; i < area; i++, j += 4) {
      for (let channel = 0; channel < 3; channel++) {
        data[j + channel] = 255 * (change[channel][0] * face[channel * area + i] + change[channel][1]);
      }
      data[j + 3] = strength * opacity[i];
    }
    this.patch.putImageData(this.pixels, 0, 0);
  }
}
