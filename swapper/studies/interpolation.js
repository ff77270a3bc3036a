// `element` is what holds the page's part: Gradio's component, or the body of a page of its own.
const show = (view, n) => {
  const pictures = view.querySelectorAll('.stage img'), thumbs = view.querySelectorAll('.thumbs button');
  const slider = view.querySelector('input');
  pictures.forEach((picture, i) => picture.classList.toggle('on', i === n));
  thumbs.forEach((thumb, i) => thumb.setAttribute('aria-pressed', i === n));
  const share = Number(thumbs[n].dataset.share);
  document.documentElement.style.setProperty('--interpolation-at', share);
  const strip = thumbs[n].parentNode, past = thumbs[n].getBoundingClientRect().left - strip.getBoundingClientRect().left;
  strip.scrollLeft += past - (strip.clientWidth - thumbs[n].clientWidth) / 2;
  slider.value = n;
  slider.setAttribute('aria-valuetext', Math.round(100 * share) + ' % of the way');
  view.querySelector('output').textContent = Math.round(100 * share) + ' %';
};
element.addEventListener('input', event => {
  const view = event.target.closest('.interpolation');
  if (view && event.target.type === 'range') show(view, Number(event.target.value));
});
element.addEventListener('click', event => {
  const thumb = event.target.closest('.interpolation .thumbs button');
  if (thumb) show(thumb.closest('.interpolation'), [...thumb.parentNode.children].indexOf(thumb));
});
if (typeof watch === 'function') {
  watch('value', () => document.documentElement.style.removeProperty('--interpolation-at'));
}
