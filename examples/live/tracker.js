// Finds faces with the landmark network alone: guesses until one holds, then follows it from frame to frame.
import {TEMPLATES, alignment, apply, centre, distance, fivePoints, invert} from './align.js';
import {cut, square} from './crops.js';

const POINTS = 478;
const PRESENT = 0.5, SURE = 0.9;  // probability that a face is there: to follow it, and to begin with it
const GUESSES = 4;  // a frame
const JUMP = 0.6, GROWTH = 1.35;  // eye distances and size that a face cannot exceed between two frames
const LOOK_TWICE = 0.12;  // eye distances from where it was expected
const ONE_FACE = 1.5;  // eye distances between the centres of two finds that are the same face
const SEARCH_EVERY = 5;  // frames between two searches for another face, while one is followed
const CUTOFF = 1.2, PER_SPEED = 5, SPEED_CUTOFF = 1;  // Hz of the filter, and what motion adds to it

const eyes = points => Math.max(distance(points[0], points[1]), 1);
const apart = (first, second) => distance(centre(first), centre(second)) / eyes(first);
const spread = points => Math.max(...points.map(point => distance(point, centre(points))), 1);

// Five points of faces of several sizes in several places, the likeliest first; shares of the frame.
function guesses(width, height) {
  const found = [];
  for (const [size, columns, rows] of [[0.75, 3, 1], [0.5, 5, 2], [1.1, 1, 1], [0.34, 7, 4]]) {
    const side = size * Math.min(width, height);
    const places = [];
    for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) places.push(
      [(column + 1) / (columns + 1) * width, (rows > 1 ? 0.3 + 0.4 * row / (rows - 1) : 0.5) * height]);
    places.sort((p, q) => distance(p, [width / 2, height / 2]) - distance(q, [width / 2, height / 2]));
    found.push(...places.map(
      ([x, y]) => TEMPLATES.ffhq.map(([u, v]) => [x + (u - 0.5) * side, y + (v - 0.6) * side])));
  }
  return found;
}

const share = (cutoff, passed) => 1 / (1 + 1 / (2 * Math.PI * cutoff * passed));

// The landmarks, steadied: Casiez, Roussel, Vogel, "1€ Filter", CHI 2012, with one cutoff for all points.
function steadied(before, mesh, seconds) {
  if (!before) return {mesh, seconds, speed: 0};
  const passed = Math.max(seconds - before.seconds, 1e-3);
  const moved = mesh.reduce((sum, point, i) => sum + distance(point, before.mesh[i]), 0) / mesh.length;
  const now = moved / eyes(fivePoints(mesh)) / passed;
  const speed = before.speed + share(SPEED_CUTOFF, passed) * (now - before.speed);
  const part = share(CUTOFF + PER_SPEED * speed, passed);
  const blend = (old, value) => old + part * (value - old);
  return {seconds, speed, mesh: mesh.map(([x, y], i) => [blend(before.mesh[i][0], x), blend(before.mesh[i][1], y)])};
}

export class FaceTracker {
  constructor(runtime, network, size = 128) {
    this.runtime = runtime;
    this.network = network;
    this.size = size;
    this.context = square(size);
    this.forget();
  }

  // Begins anew; the first guess is where the face was lost.
  forget() {
    this.lost = this.points ?? null;
    this.points = this.steady = null;
    this.shift = [0, 0];
    this.next = 0;
  }

  // The mesh of the face in a frame (478 points), or null where none is found; `taken` are the five points of each
  // face that another tracker follows.
  async update(picture, width, height, seconds, taken) {
    const free = points => taken.every(other => apart(other, points) > ONE_FACE);
    let found = this.points && await this.follow(picture);
    if (!found) {
      if (this.points) this.forget();
      found = await this.search(picture, width, height, free);  // in the same frame, so that it does not flash
    }
    if (!found || !free(fivePoints(found.mesh))) {
      if (this.points) this.forget();
      return null;
    }
    const points = fivePoints(found.mesh), [x, y] = centre(points);
    const [u, v] = this.points ? centre(this.points) : [x, y];
    this.shift = [x - u, y - v];
    this.points = points;
    this.steady = steadied(this.steady, found.mesh, seconds);
    return this.steady.mesh;
  }

  async follow(picture) {
    const expected = this.points.map(([x, y]) => [x + this.shift[0], y + this.shift[1]]);
    let [found] = await this.measure(picture, [expected]);
    if (apart(expected, fivePoints(found.mesh)) > LOOK_TWICE) {
      [found] = await this.measure(picture, [fivePoints(found.mesh)]);
    }
    const points = fivePoints(found.mesh), growth = spread(points) / spread(expected);
    const possible = apart(expected, points) < JUMP && growth < GROWTH && growth > 1 / GROWTH;
    return possible && found.presence >= PRESENT ? found : null;
  }

  async search(picture, width, height, free) {
    const all = guesses(width, height).filter(free);
    if (!all.length) return null;
    const tried = Array.from({length: GUESSES}, (_, i) => all[(this.next + i) % all.length]);
    if (this.lost && free(this.lost)) tried.push(this.lost);
    this.next = (this.next + GUESSES) % all.length;
    const seen = await this.measure(picture, tried);
    let [best] = seen.sort((first, second) => second.presence - first.presence);
    for (let look = 0; look < 3 && best.presence >= PRESENT; look++) {
      [best] = await this.measure(picture, [fivePoints(best.mesh)]);
    }
    return best.presence >= SURE ? best : null;
  }

  // Runs the network near several guesses of where the five points are.
  async measure(picture, guessed) {
    const {size} = this, plane = 3 * size * size, input = new Float32Array(guessed.length * plane);
    const transforms = guessed.map(points => alignment(points, size));
    transforms.forEach((transform, i) => cut(this.context, picture, transform, input, i * plane));
    const faces = new this.runtime.Tensor('float32', input, [guessed.length, 3, size, size]);
    const {points, presence} = await this.network.run({faces});
    return transforms.map((transform, i) => {
      const back = invert(transform), mesh = [];
      for (let j = 0, at = i * POINTS * 3; j < POINTS; j++, at += 3) {
        mesh.push(apply(back, [points.data[at] * size + 0.5, points.data[at + 1] * size + 0.5]));
      }
      return {mesh, presence: 1 / (1 + Math.exp(-presence.data[i]))};
    });
  }
}

// Follows several faces, each under the same number from frame to frame.
export class Faces {
  constructor(runtime, network) {
    Object.assign(this, {runtime, network, trackers: [], frame: 0});
  }

  // The mesh of each face of a frame, by number; null where it is not seen. `most` are looked for.
  async update(picture, width, height, seconds, most) {
    this.trackers.length = Math.min(this.trackers.length, most);
    while (this.trackers.length < most) this.trackers.push(new FaceTracker(this.runtime, this.network));
    const meshes = this.trackers.map(() => null), taken = [];
    const look = async number => {
      meshes[number] = await this.trackers[number].update(picture, width, height, seconds, taken);
      if (meshes[number]) taken.push(this.trackers[number].points);
    };
    const missing = [...this.trackers.keys()].filter(number => !this.trackers[number].points);
    for (const number of this.trackers.keys()) if (!missing.includes(number)) await look(number);
    if (missing.length && (!taken.length || ++this.frame % SEARCH_EVERY === 0)) await look(missing[0]);
    return meshes;
  }
}
