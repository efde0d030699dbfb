// The box in which a bound viewer speaks. What was typed is kept until the server
// has it; a try that may have arrived is repeated with the same key.

import { Refused, ask } from './api.js';
import { Chooser } from './chooser.js';
import { forget, recall, remember } from './memory.js';
import { Mentions } from './mentions.js';
import { t } from './texts.js';

const coarse = matchMedia('(pointer: coarse)');

export class Composer {
  /** @param {HTMLFormElement} form */
  constructor(form, { slug, name }) {
    this.form = form;
    this.slug = slug;
    this.box = form.querySelector('textarea');
    this.mirror = form.querySelector('[data-part=mirror]');
    this.line = form.querySelector('[data-part=line]');
    this.button = form.querySelector('button[type=submit]');
    this.box.placeholder = t('say.as', { name });
    this.chooser = new Chooser(form.querySelector('[role=listbox]'), this.box, { slug, choose: (person) => this.#chosen(person) });
    this.#wake();
    form.addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    this.box.addEventListener('input', () => this.#typed());
    this.box.addEventListener('keydown', (event) => this.#key(event));
    for (const event of ['click', 'keyup']) this.box.addEventListener(event, () => this.#look());
    this.box.addEventListener('blur', () => this.chooser.look(''));
  }

  /** Shows the box, or hides it. */
  show(on) {
    this.form.hidden = !on;
    document.getElementById('wall').classList.toggle('speaking', on);
  }

  // What was not sent when the page went.
  #wake() {
    const { text = '', chips = [], key = '' } = recall(this.slug, 'draft');
    this.mentions = new Mentions(text, chips);
    this.key = key;
    this.#paint();
    this.#say(key ? 'failed' : '');
  }

  #keep() {
    const { text, chips } = this.mentions;
    if (text) remember(this.slug, 'draft', { text, chips, key: this.key });
    else forget(this.slug, 'draft');
  }

  #typed() {
    const caret = this.mentions.edit(this.box.value, this.box.selectionStart);
    this.key = ''; // other words are another message
    if (this.mentions.text !== this.box.value) this.#paint(caret);
    else this.#paint();
    this.#keep();
    this.#say('');
    this.#look();
  }

  #look() {
    this.chooser.look(this.box.selectionStart === this.box.selectionEnd ? this.mentions.question(this.box.selectionStart) : '');
  }

  #key(event) {
    if (event.isComposing) return; // the key belongs to the input method
    if (this.chooser.key(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && (!coarse.matches || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#send();
    }
  }

  #chosen(person) {
    const caret = this.mentions.choose(this.box.selectionStart, person);
    this.key = '';
    this.#paint(caret);
    this.#keep();
    this.box.focus();
  }

  #paint(caret) {
    if (this.box.value !== this.mentions.text) {
      this.box.value = this.mentions.text;
      if (caret !== undefined) this.box.setSelectionRange(caret, caret);
    }
    // the mirror lies under the box, gives it its height and draws the chips
    this.mirror.replaceChildren(...this.mentions.pieces().map(([words, chip]) => {
      const piece = document.createElement(chip ? 'mark' : 'span');
      piece.textContent = words;
      return piece;
    }), '\u200b');
    this.button.disabled = this.mentions.text.trim() === '';
  }

  async #send() {
    const text = this.mentions.sent();
    if (!text || this.busy) return;
    this.busy = true;
    this.key ||= newKey();
    this.#keep();
    this.chooser.look('');
    this.box.readOnly = true;
    this.#say('sending');
    try {
      const answer = await ask(this.slug, 'POST', 'me/messages', { body: { text, key: this.key }, once: this.key });
      this.mentions = new Mentions();
      this.key = '';
      this.#paint();
      this.#keep();
      this.#say(answer?.state === 'shown' ? 'shown' : 'waiting');
    } catch (error) {
      this.#failed(error);
    } finally {
      this.busy = false;
      this.box.readOnly = false;
    }
  }

  #failed(error) {
    const status = error instanceof Refused ? error.status : 0;
    if (status === 429) this.#say('busy', { n: Math.max(1, error.wait) });
    else if (status === 401 || status === 409) this.#say('unbound');
    else if (status === 400 || status === 413) this.#say('refused');
    else this.#say('failed');
  }

  #say(state, values) {
    this.form.dataset.state = state;
    this.line.textContent = state ? t(`say.${state}`, values) : '';
    this.line.hidden = !state;
    this.button.querySelector('.label').textContent = t(state === 'failed' ? 'say.retry' : 'say.send');
  }
}

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
