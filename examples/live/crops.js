// Between pictures and tensors.
import {canvasTransform} from './align.js';

// A square canvas that is read again and again.
export function square(size) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  return canvas.getContext('2d', {willReadFrequently: true});
}

// Draws what a transform cuts out of a picture and writes it as RGB planes in [0, 1].
export function cut(context, picture, transform, into, at = 0) {
  const size = context.canvas.width, area = size * size;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = '#808080';
  context.fillRect(0, 0, size, size);
  context.imageSmoothingQuality = 'high';
  context.setTransform(...canvasTransform(transform));
  context.drawImage(picture, 0, 0);
  const {data} = context.getImageData(0, 0, size, size);
  for (let i = 0, j = 0; i < area; i++, j += 4) {
    into[at + i] = data[j] / 255;
    into[at + area + i] = data[j + 1] / 255;
    into[at + 2 * area + i] = data[j + 2] / 255;
  }
}
