// Gives a swapped face the light of the place: each channel's mean and spread as in the camera's picture.
// Source: Reinhard et al., "Color transfer between images", 2001, in RGB, which is what a lamp's colour scales.

const SEEN = 128;  // opacity above which a pixel is measured
const LEAST = 64;  // pixels, below which nothing is
const GAIN = [0.75, 1.35];  // limits, so that a beard or glasses do not change the contrast
const FOLLOWS = 0.3;  // share of a new measure that is taken, so that nothing flickers

function statistics(planes, area, opacity) {
  const found = [];
  for (let channel = 0; channel < 3; channel++) {
    let [count, sum, squares] = [0, 0, 0];
    for (let i = 0; i < area; i++) {
      if (opacity[i] < SEEN) continue;
      const value = planes[channel * area + i];
      count++;
      sum += value;
      squares += value * value;
    }
    if (count < LEAST) return null;
    const mean = sum / count;
    found.push([mean, Math.sqrt(Math.max(squares / count - mean * mean, 1e-6))]);
  }
  return found;
}

export class ColorMatch {
  // Gain and shift of each channel; colours in [0, 1] as planes, the opacity of the face in 0..255.
  update(face, target, area, opacity) {
    const own = statistics(face, area, opacity), wanted = own && statistics(target, area, opacity);
    if (!wanted) return this.now ?? [[1, 0], [1, 0], [1, 0]];
    const measured = own.map(([mean, spread], channel) => {
      const gain = Math.min(GAIN[1], Math.max(GAIN[0], wanted[channel][1] / spread));
      return [gain, wanted[channel][0] - gain * mean];
    });
    this.now = this.now?.map((old, i) => old.map((value, j) => value + FOLLOWS * (measured[i][j] - value))) ?? measured;
    return this.now;
  }
}
