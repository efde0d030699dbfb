// The list of notices, the newest first, each with its trail in words. What a
// follower wrote goes in as text.

import { ask } from './api.js';
import { t } from './texts.js';

const page = 30;

export class Inbox {
  /**
   * @param {HTMLElement} root holds the list, its template and what stands around it
   * @param {{slug: string, lang: string, open: (notice: object) => void}} world
   */
  constructor(root, { slug, lang, open }) {
    this.root = root;
    this.slug = slug;
    this.lang = lang;
    this.open = open;
    this.list = this.#part('list');
    this.rows = new Map(); // nid → row
    this.clock = new Intl.DateTimeFormat(lang, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' });
    this.exact = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    this.#part('earlier').addEventListener('click', () => this.earlier());
  }

  /** Reads the newest; returns how many are unread, and the unread ones of them. */
  async load() {
    const answer = await this.#read({});
    if (!answer) return null;
    for (const notice of [...answer.notices].reverse()) this.#put(notice, true);
    if (!this.bottom) this.#end(answer.notices);
    this.#frame();
    return { unread: answer.unread, open: answer.notices.filter((n) => !n.read).map((n) => n.nid) };
  }

  // What became of the newest meanwhile; which were unread stays marked.
  async #again() {
    for (const notice of (await this.#read({}))?.notices ?? []) {
      const row = this.rows.get(notice.nid);
      if (row) this.#fill(row, row.notice = { ...notice, read: row.notice.read });
    }
  }

  /** Reads older ones; their unread ones are handed to seen. */
  async earlier() {
    const answer = await this.#read({ before: this.bottom });
    if (!answer) return;
    for (const notice of answer.notices) this.#put(notice, false);
    this.#end(answer.notices);
    this.#frame();
    this.seen?.(answer.notices.filter((n) => !n.read).map((n) => n.nid));
  }

  /** A notice has just come: it goes to the top. */
  push(frame) {
    this.#put({ ...frame, at: new Date().toISOString(), read: false }, true);
    this.#frame();
  }

  /** A notice was taken back, or read in another place. */
  gone(nid) {
    const row = this.rows.get(nid);
    if (row) this.#fill(row, row.notice = { ...row.notice, read: true });
  }

  async #read(query) {
    try {
      const answer = await ask(this.slug, 'GET', 'me/notices', { query: { limit: page, ...query } });
      this.#part('failed').hidden = true;
      return answer;
    } catch {
      this.#part('failed').hidden = false;
      return null;
    }
  }

  #end(notices) {
    this.bottom = notices.at(-1)?.nid ?? this.bottom;
    this.#part('earlier').hidden = notices.length < page;
  }

  #frame() {
    this.#part('empty').hidden = this.rows.size > 0;
  }

  #put(notice, top) {
    let row = this.rows.get(notice.nid);
    if (!row) {
      row = this.#part('row').content.firstElementChild.cloneNode(true);
      row.dataset.nid = notice.nid;
      row.querySelector('[data-part=open]').addEventListener('click', () => this.open(row.notice));
      row.querySelector('details').addEventListener('toggle', ({ target }) => { if (target.open) this.#again(); });
      this.rows.set(notice.nid, row);
    } else if (top && this.list.firstElementChild === row) top = null;
    row.notice = { ...row.notice, ...notice };
    this.#fill(row, row.notice);
    if (top) this.list.prepend(row);
    else if (top === false) this.list.append(row);
  }

  #fill(row, notice) {
    const put = (name, text) => {
      const part = row.querySelector(`[data-part=${name}]`);
      part.textContent = text ?? '';
      part.hidden = !text;
    };
    const at = new Date(notice.at);
    put('title', notice.title);
    put('body', notice.body);
    put('why', this.#words(notice.why));
    const time = row.querySelector('time');
    time.dateTime = notice.at;
    time.textContent = Number.isNaN(at.getTime()) ? '' : this.clock.format(at);
    row.toggleAttribute('data-unread', !notice.read);
    row.querySelector('.unseen').hidden = Boolean(notice.read);
    row.querySelector('[data-part=trail]').replaceChildren(...(notice.trail ?? []).map((step) => this.#step(step)));
  }

  #step(step) {
    const line = document.createElement('li');
    const time = document.createElement('time');
    time.dateTime = step.at;
    time.textContent = Number.isNaN(Date.parse(step.at)) ? '' : this.exact.format(new Date(step.at));
    const words = document.createElement('span');
    words.textContent = [this.#words(step), step.device, transportOf(step.transport), step.vendor_status || ''].filter(Boolean).join(' · ');
    line.append(time, words);
    return line;
  }

  #words(both) {
    return (this.lang === 'en' ? both?.en : both?.zh) ?? '';
  }

  #part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }
}

function transportOf(transport) {
  switch (transport) {
    case 'channel': return t('notice.by.channel');
    case 'vendor': return t('notice.by.vendor');
    case 'wechat': return t('notice.by.wechat');
    default: return '';
  }
}
