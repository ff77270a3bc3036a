// `element` is what holds the page's part: Gradio's component, or the body of a page of its own.
const show = (view, n) => {
  const slider = view.querySelector('.scrub input');
  let share = 0;
  view.querySelectorAll('.stage').forEach(stage =>
    [...stage.children].forEach((picture, i) => picture.classList.toggle('on', i === n)));
  view.querySelectorAll('.thumbs').forEach(strip => {
    const thumbs = [...strip.children];
    thumbs.forEach((thumb, i) => thumb.setAttribute('aria-pressed', i === n));
    share = Number(thumbs[n].dataset.share);
    const past = thumbs[n].getBoundingClientRect().left - strip.getBoundingClientRect().left;
    strip.scrollLeft += past - (strip.clientWidth - thumbs[n].clientWidth) / 2;
  });
  document.documentElement.style.setProperty('--interpolation-at', share);
  slider.value = n;
  slider.setAttribute('aria-valuetext', Math.round(100 * share) + ' %');
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
const start = () => element.querySelectorAll('.interpolation').forEach(view => show(view, Number(view.querySelector('.scrub input').value)));
if (typeof watch === 'function') {
  watch('value', () => {
    document.documentElement.style.removeProperty('--interpolation-at');
    requestAnimationFrame(start);
  });
}
start();
