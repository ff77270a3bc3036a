() => {
  // What Gradio's page does not do by itself: it says finished work to screen readers, scrolls to it, asks before it is
  // lost, and gives thumbnails a name and a state.
  const live = document.createElement('div');
  live.id = 'announcer';
  live.className = 'sr-only';
  live.setAttribute('role', 'status');
  live.setAttribute('aria-live', 'polite');
  document.body.append(live);

  const inKorean = {}; // names of examples and brushes, filled in by the server
  const brushes = ['Show the new face', 'Keep the target']; // in the order of their colours
  const inWords = (name) => (inKorean[name] && navigator.language.startsWith('ko') ? inKorean[name] : name);
  const named = (id) => document.getElementById(id);
  const inView = (place) => {
    const box = place.getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.top < innerHeight - Math.min(box.height, innerHeight / 2);
  };
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const scrollTo = (place, block) => place.scrollIntoView({ block, behavior: still ? 'auto' : 'smooth' });
  const show = (place) => {
    if (place && !inView(place)) scrollTo(place, innerWidth < 768 ? 'start' : 'nearest');
  };
  const soon = (action) => requestAnimationFrame(() => requestAnimationFrame(action));
  let last = null; // the button that was pressed last

  const cancelOf = (meter) => meter.replace('-running', '-cancel');
  const cancelled = new Set(); // ids of the buttons
  window.swapper = {
    cancelled: (meter) => cancelled.has(cancelOf(meter)),
    began(meter) {
      soon(() => {
        const place = named(meter), cancel = named(cancelOf(meter));
        cancelled.delete(cancelOf(meter));
        if (cancel?.getBoundingClientRect().bottom > innerHeight) scrollTo(cancel, 'end');
        else if (!place || !inView(place))
          show(innerWidth < 768 && !place?.closest('.result') ? place : place?.closest('.card'));
        if (document.activeElement === document.body) cancel?.focus({ preventScroll: true });
      });
    },
    ended() {
      soon(() => {
        if (document.activeElement === document.body) last?.focus({ preventScroll: true });
      });
    },
  };

  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('button, a');
    if (button) last = button;
    if (button?.id.endsWith('-cancel')) cancelled.add(button.id);
    const face = event.target.closest?.('.overview [data-face]'); // a shorter way for the mouse; keys have the thumbnails
    if (face) document.querySelectorAll('#faces .thumbnail-item')[face.dataset.face]?.click();
    if (button?.closest('.card') && button.matches('.download, [download]'))
      button.closest('.card').querySelectorAll('.done').forEach((told) => delete told.dataset.unsaved);
  }, true);

  addEventListener('beforeunload', (event) => {
    if (document.querySelector('.running [role="progressbar"], .done[data-unsaved]')) event.preventDefault();
  });

  // Many systems do not know these for pictures: their files have no type, and file choosers leave them out.
  const unusual = { heic: 'heic', heif: 'heif', avif: 'avif', tif: 'tiff', tiff: 'tiff' };
  const kindOf = (file) => unusual[file.name.split('.').pop().toLowerCase()];
  const typed = (files) => {
    if (!Array.from(files ?? []).some((file) => !file.type && kindOf(file))) return null;
    const all = new DataTransfer();
    for (const file of files) {
      const kind = !file.type && kindOf(file);
      all.items.add(kind ? new File([file], file.name, { type: `image/${kind}`, lastModified: file.lastModified }) : file);
    }
    return all;
  };
  document.addEventListener('change', ({ target }) => {
    const all = target.matches?.('input[type="file"]') && typed(target.files);
    if (all) target.files = all.files;
  }, true);
  document.addEventListener('drop', (event) => {
    const all = typed(event.dataTransfer?.files);
    if (!all) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.dispatchEvent(new DragEvent('drop', { dataTransfer: all, bubbles: true, cancelable: true }));
  }, true);

  // Before and after: the first video follows the second, which has the controls and the sound.
  for (const kind of ['play', 'pause', 'seeking', 'ratechange', 'timeupdate'])
    document.addEventListener(kind, ({ target }) => {
      const pair = target.closest?.('.side-by-side'), before = pair?.querySelector('video');
      if (!before || before === target) return;
      const wanted = target.currentTime + Number(pair.dataset.start);
      if (Math.abs(before.currentTime - wanted) > (kind === 'timeupdate' ? 0.15 : 0.02)) before.currentTime = wanted;
      before.playbackRate = target.playbackRate;
      if (target.paused) before.pause();
      else before.play().catch(() => {});
    }, true);

  const set = (node, name, value) => {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  };
  const tell = (done) => {
    done.dataset.told = '';
    if (!last) return; // it came back after a reload
    live.textContent = '';
    soon(() => { live.textContent = done.textContent; });
    if (done.dataset.unsaved !== undefined) show(done.closest('.card'));
  };
  const watchCamera = () => { // Gradio tells nobody that a camera was stopped
    const camera = named('live-camera'), before = document.body.dataset.live;
    if (camera?.querySelector('[title="stop recording"]')) document.body.dataset.live = 'on';
    else if (before === 'on' && camera?.querySelector('[title="start recording"]')) {
      document.body.dataset.live = 'off';
      named('live-stopped')?.click();
    }
  };
  const tidy = () => {
    watchCamera();
    document.querySelectorAll('.done:not([data-told])').forEach(tell);
    for (const item of document.querySelectorAll('.thumbnail-item')) {
      const said = item.querySelector('.caption-label')?.textContent.trim();
      if (said) set(item, 'aria-label', inWords(said));
      if (item.matches('button')) set(item, 'aria-pressed', String(item.matches('.selected')));
    }
    for (const choice of document.querySelectorAll('fieldset')) { // one name each, so that arrow keys go through them
      const radios = choice.querySelectorAll('input[type="radio"]');
      radios.forEach((radio) => { if (radio.name !== radios[0].name) radio.name = radios[0].name; });
    }
    document.querySelectorAll('#mask-editor .swatch .color').forEach((color, i) => {
      if (brushes[i]) set(color, 'aria-label', inWords(brushes[i]));
      set(color, 'aria-pressed', String(color.matches('.selected')));
    });
    for (const input of document.querySelectorAll('input[type="file"][accept="image/*"]'))
      input.accept = ['image/*', ...Object.keys(unusual).map((ending) => `.${ending}`)].join(',');
    // Gradio's galleries put a button for files into another; the outer one, which is named, does the work of both.
    document.querySelectorAll('.icon-button .upload-container:not([inert])').forEach((inner) => {
      inner.inert = true;
      const outer = inner.closest('.icon-button');
      outer.addEventListener('click', (event) => {
        if (event.target.tagName !== 'INPUT') outer.querySelector('input[type="file"]')?.click();
      });
    });
    for (const empty of document.querySelectorAll('.empty[aria-label]:not([role])')) empty.setAttribute('role', 'img');
  };
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; tidy(); });
  }).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['class'],
  });
  tidy();
}
