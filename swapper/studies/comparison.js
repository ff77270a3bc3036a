// `element` is what holds the page's part: Gradio's component, or the body of a page of its own.
element.addEventListener('click', event => {
  const button = event.target.closest('.scores th button');
  if (!button) return;
  const head = button.closest('th'), table = head.closest('table'), scores = head.closest('.scores');
  const column = head.cellIndex, down = head.getAttribute('aria-sort') !== 'descending';
  for (const other of scores.querySelectorAll('thead th')) other.setAttribute('aria-sort', 'none');
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const value = row => {
    const text = row.cells[column].dataset.value;
    return column === 0 ? text : text === '' ? (down ? -Infinity : Infinity) : Number(text);
  };
  const order = [...table.tBodies[0].rows]
    .sort((a, b) => (value(a) < value(b) ? 1 : value(a) > value(b) ? -1 : 0) * (down ? 1 : -1))
    .map(row => row.dataset.row);
  for (const body of scores.querySelectorAll('tbody'))
    order.forEach(number => body.append(body.querySelector(`tr[data-row="${number}"]`)));
});

const hintAtMore = () => element.querySelectorAll('.scores .sheet').forEach(sheet => {
  const hint = sheet.previousElementSibling;
  if (hint?.matches('.sideways')) hint.hidden = sheet.scrollWidth <= sheet.clientWidth + 1;
});
new ResizeObserver(hintAtMore).observe(element);
if (typeof watch === 'function') watch('value', () => requestAnimationFrame(hintAtMore));
hintAtMore();

const enlarge = (dialog, button) => {
  const figure = dialog.querySelector('figure'), picture = document.createElement('img');
  picture.src = button.querySelector('img').src;
  picture.alt = button.getAttribute('aria-label');
  const words = document.createElement('figcaption');
  words.textContent = picture.alt;
  figure.replaceChildren(picture, words);
  dialog.shown = button;
  if (!dialog.open) dialog.showModal();
};
element.addEventListener('click', event => {
  const dialog = event.target.closest('.pairs')?.querySelector('dialog');
  if (!dialog) return;
  if (event.target === dialog || event.target.closest('dialog > button')) dialog.close();
  const picture = event.target.closest('section button');
  if (picture) enlarge(dialog, picture);
});
element.addEventListener('keydown', event => {
  const dialog = event.target.closest?.('.pairs dialog');
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!dialog || !step) return;
  const all = [...dialog.closest('.pairs').querySelectorAll('section button')];
  enlarge(dialog, all[(all.indexOf(dialog.shown) + step + all.length) % all.length]);
});
