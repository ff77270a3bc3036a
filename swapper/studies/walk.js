// `element` is what holds the page's part: Gradio's component, or the body of a page of its own.
const show = (walk, n) => {
  const pictures = walk.querySelectorAll('.stage img'), thumbs = walk.querySelectorAll('.thumbs button');
  const slider = walk.querySelector('input');
  pictures.forEach((picture, i) => picture.classList.toggle('on', i === n));
  thumbs.forEach((thumb, i) => thumb.setAttribute('aria-pressed', i === n));
  const share = Number(thumbs[n].dataset.share);
  document.documentElement.style.setProperty('--walk-at', share);
  const strip = thumbs[n].parentNode, past = thumbs[n].getBoundingClientRect().left - strip.getBoundingClientRect().left;
  strip.scrollLeft += past - (strip.clientWidth - thumbs[n].clientWidth) / 2;
  slider.value = n;
  slider.setAttribute('aria-valuetext', Math.round(100 * share) + ' % of the way');
  walk.querySelector('output').textContent = Math.round(100 * share) + ' %';
};
element.addEventListener('input', event => {
  const walk = event.target.closest('.walk');
  if (walk && event.target.type === 'range') show(walk, Number(event.target.value));
});
element.addEventListener('click', event => {
  const thumb = event.target.closest('.walk .thumbs button');
  if (thumb) show(thumb.closest('.walk'), [...thumb.parentNode.children].indexOf(thumb));
});
if (typeof watch === 'function') {
  watch('value', () => document.documentElement.style.removeProperty('--walk-at'));
}
