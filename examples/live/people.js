// Who the faces become: the persons' files, in the order of the faces, and those who do not exist.
import {PersonNetwork} from './swap.js';
import {Problem, say} from './words.js';

const MOST = 4, MOST_BYTES = 64 * 2 ** 20;
const VIRTUAL = 'people/';  // beside the page: people.json with their names, and NAME.jpg and NAME.onnx of each

export class People {
  constructor(list, exchange) {
    Object.assign(this, {list, exchange, all: [], faces: 1});
  }

  // Those of the faces that are swapped, of which there are `faces`.
  get cast() {
    return this.all.slice(0, this.faces);
  }

  // Adds the person of a file, for the last face; somebody virtual takes the place of whoever was tried before.
  async add(runtime, blob, name, virtual = null) {
    if (blob.size > MOST_BYTES) throw new Problem('noPerson', {name});
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const person = Object.assign(await PersonNetwork.open(runtime, bytes, name), {name, virtual});
    const tried = this.all.filter(one => one.virtual);
    if (virtual && tried.length >= this.faces) this.all = this.all.filter(one => one !== tried[0]);
    if (this.all.length >= MOST) throw new Problem('full', {most: MOST});
    this.all.splice(Math.min(this.all.length, this.faces - 1), 0, person);
    this.show();
  }

  remove(person) {
    this.all = this.all.filter(one => one !== person);
    this.show();
  }

  first(person) {
    this.all = [person, ...this.all.filter(one => one !== person)];
    this.show();
  }

  swapOrder() {
    const [first, second, ...others] = this.all;
    this.all = [second, first, ...others];
    this.show();
  }

  // What the person at a place of the list is for.
  place(number) {
    if (number >= this.faces) return 'unused';
    return this.faces === 1 ? 'inUse' : ['firstFace', 'secondFace'][number];
  }

  // Writes the list into the page.
  show() {
    this.list.hidden = !this.all.length;
    this.exchange.hidden = this.faces < 2 || this.all.length < 2;
    this.list.replaceChildren(...this.all.map((person, place) => {
      const row = document.createElement('li'), choose = document.createElement('button');
      const remove = document.createElement('button');
      const name = person.virtual ? say('virtualName', {number: Number(person.virtual)}) : person.name;
      choose.type = remove.type = 'button';
      choose.className = 'choose';
      const face = document.createElement('small');
      face.textContent = this.all.length > 1 || this.faces > 1 ? say(this.place(place)) : '';
      choose.append(name, face);
      choose.addEventListener('click', () => this.first(person));
      remove.className = 'remove';
      remove.textContent = '×';
      remove.setAttribute('aria-label', say('remove', {name}));
      remove.addEventListener('click', () => this.remove(person));
      row.append(choose, remove);
      return row;
    }));
    for (const button of document.querySelectorAll('#virtual button')) {
      button.setAttribute('aria-pressed', String(this.all.some(one => one.virtual === button.dataset.name)));
    }
  }
}

// The names of the virtual persons that the page's server has; none where it has none.
export async function virtualNames() {
  const answer = await fetch(`${VIRTUAL}people.json`).catch(() => null);
  const names = answer?.ok ? await answer.json().catch(() => []) : [];
  return Array.isArray(names) ? names.filter(name => /^\d+$/.test(name)) : [];
}

export async function fetchVirtual(name) {
  const answer = await fetch(`${VIRTUAL}${name}.onnx`).catch(() => null);
  if (!answer?.ok) throw new Problem('missing', {name: say('virtualName', {number: Number(name)})});
  return answer.blob();
}

// Their pictures as buttons.
export function showVirtual(place, names, choose) {
  place.replaceChildren(...names.map(name => {
    const button = document.createElement('button'), picture = new Image();
    button.type = 'button';
    Object.assign(button.dataset, {name});
    button.setAttribute('aria-pressed', 'false');
    picture.src = `${VIRTUAL}${name}.jpg`;
    picture.loading = 'lazy';
    picture.alt = say('virtualName', {number: Number(name)});
    button.append(picture);
    button.addEventListener('click', () => choose(name));
    return button;
  }));
}
