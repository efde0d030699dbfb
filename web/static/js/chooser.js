// The list of people that an @ opens, above the box. The box keeps the focus; keys
// go through it.

import { ask } from './api.js';

const pause = 200; // ms without a key before anybody is asked for

export class Chooser {
  /**
   * @param {HTMLElement} list a listbox with a template of its options
   * @param {HTMLTextAreaElement} box
   * @param {{slug: string, choose: (person: object) => void}} world
   */
  constructor(list, box, { slug, choose }) {
    this.list = list;
    this.box = box;
    this.slug = slug;
    this.choose = choose;
    this.asked = '';
    this.people = [];
    this.at = 0;
    // a tap on the list must not take the focus from the box
    list.addEventListener('pointerdown', (event) => event.preventDefault());
    list.addEventListener('click', ({ target }) => this.#take(Number(target.closest('[role=option]')?.dataset.at ?? -1)));
  }

  /** Looks for people whose name begins so; '' closes the list. */
  look(question) {
    if (question === this.asked) return;
    this.asked = question;
    clearTimeout(this.timer);
    if (!question) this.close();
    else this.timer = setTimeout(() => this.#ask(question), pause);
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.people = [];
    this.box.removeAttribute('aria-activedescendant');
  }

  /** Takes a key of the box; true where it was for the list. */
  key(event) {
    if (this.list.hidden) return false;
    switch (event.key) {
      case 'ArrowDown': this.#go(this.at + 1); break;
      case 'ArrowUp': this.#go(this.at - 1); break;
      case 'Enter':
      case 'Tab': this.#take(this.at); break;
      case 'Escape': this.close(); break;
      default: return false;
    }
    event.preventDefault();
    return true;
  }

  async #ask(question) {
    const answer = await ask(this.slug, 'GET', 'me/people', { query: { q: question } }).catch(() => null);
    if (question !== this.asked) return; // somebody went on typing
    this.#show(answer?.people ?? []);
  }

  #show(people) {
    this.people = people.slice(0, 8);
    const template = this.list.querySelector('template');
    for (const old of this.list.querySelectorAll('[role=option]')) old.remove();
    this.people.forEach((person, i) => {
      const option = template.content.firstElementChild.cloneNode(true);
      option.id = `person-${i}`;
      option.dataset.at = i;
      const face = option.querySelector('img');
      const address = new URL(person.avatar ?? '', location.href);
      if (person.avatar && address.origin === location.origin) face.src = address.href;
      option.querySelector('span').textContent = person.name;
      this.list.append(option);
    });
    this.list.hidden = this.people.length === 0;
    this.#go(0);
  }

  #go(to) {
    const n = this.people.length;
    if (n === 0) return this.close();
    this.at = (to + n) % n;
    this.list.querySelectorAll('[role=option]').forEach((option, i) => {
      option.setAttribute('aria-selected', String(i === this.at));
      if (i === this.at) option.scrollIntoView({ block: 'nearest' });
    });
    this.box.setAttribute('aria-activedescendant', `person-${this.at}`);
    return undefined;
  }

  #take(at) {
    const person = this.people[at];
    if (!person) return;
    this.close();
    this.choose(person);
    this.asked = '';
  }
}
