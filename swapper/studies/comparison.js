// `element` is what holds the page's part: Gradio's component, or the body of a page of its own.
element.addEventListener('click', event => {
  const button = event.target.closest('.scores th button');
  if (!button) return;
  const head = button.closest('th'), table = head.closest('table'), body = table.tBodies[0];
  const column = head.cellIndex, down = head.getAttribute('aria-sort') !== 'descending';
  for (const other of head.parentNode.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const value = row => {
    const text = row.cells[column].dataset.value;
    return column === 0 ? text : text === '' ? (down ? -Infinity : Infinity) : Number(text);
  };
  [...body.rows].sort((a, b) => (value(a) < value(b) ? 1 : value(a) > value(b) ? -1 : 0) * (down ? 1 : -1))
    .forEach(row => body.append(row));
});
