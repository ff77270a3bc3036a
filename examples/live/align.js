// Points and similarity transforms. A transform is [a, b, e, f]: the complex factor a + bi, then the shift e + fi.
// Coordinates are a canvas's: the centre of the top-left pixel is (0.5, 0.5).

// Eyes, nose tip and mouth corners as shares of a crop's side, by template.
const FFHQ = [[0.37691676, 0.46864664], [0.62285697, 0.46912813], [0.50123859, 0.61331904], [0.393088220, 0.725411],
  [0.61150205, 0.72490465]];
const TIGHT = {origin: [0.103, 0.170], side: 0.794};
export const TEMPLATES = {
  ffhq: FFHQ,
  tight: FFHQ.map(point => point.map((value, axis) => (value - TIGHT.origin[axis]) / TIGHT.side)),
  arcface: [[0.34191607, 0.46157411], [0.65653393, 0.45983393], [0.500225, 0.64050536], [0.37097589, 0.82469196],
    [0.63151696, 0.82325089]],
};

// Mesh points, with weights, that stand where the five points are.
const FIVE = [[[33, 0.59], [133, 0.41]], [[263, 0.59], [362, 0.41]], [[1, 0.55], [4, 0.45]], [[76, 1]], [[306, 1]]];

export const fivePoints = mesh => FIVE.map(parts => [0, 1].map(
  axis => parts.reduce((sum, [index, weight]) => sum + weight * mesh[index][axis], 0)));

const mean = points => [0, 1].map(axis => points.reduce((sum, point) => sum + point[axis], 0) / points.length);

// The least-squares rotation, scale and shift that carry one list of points onto another.
export function similarity(from, to) {
  const [p, q] = [mean(from), mean(to)];
  let [a, b, norm] = [0, 0, 1e-12];
  from.forEach(([x, y], i) => {
    const [u, v, s, t] = [x - p[0], y - p[1], to[i][0] - q[0], to[i][1] - q[1]];
    a += u * s + v * t;
    b += u * t - v * s;
    norm += u * u + v * v;
  });
  [a, b] = [a / norm, b / norm];
  return [a, b, q[0] - a * p[0] + b * p[1], q[1] - b * p[0] - a * p[1]];
}

export const apply = ([a, b, e, f], [x, y]) => [a * x - b * y + e, b * x + a * y + f];

export function invert([a, b, e, f]) {
  const norm = a * a + b * b, [c, d] = [a / norm, -b / norm];
  return [c, d, -(c * e - d * f), -(d * e + c * f)];
}

const compose = (second, first) => {
  const [a, b] = [second[0] * first[0] - second[1] * first[1], second[1] * first[0] + second[0] * first[1]];
  return [a, b, ...apply(second, first.slice(2))];
};

const place = (template, size) => TEMPLATES[template].map(point => point.map(share => share * size + 0.5));

// From the frame to an aligned crop. The points are fitted to the ffhq template, whatever template is wanted.
export const alignment = (points, size, template = 'ffhq') =>
  compose(similarity(place('ffhq', 256), place(template, size)), similarity(points, place('ffhq', 256)));

// As the arguments of a canvas's setTransform.
export const canvasTransform = ([a, b, e, f]) => [a, b, -b, a, e, f];

export const distance = ([x, y], [u, v]) => Math.hypot(x - u, y - v);
export const centre = mean;
