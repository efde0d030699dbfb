// What becomes of a notice that comes on the device's channel: shown in place while
// the page is before somebody's eyes, as a notification of the system while it is
// not, and acknowledged as it was shown. What could not be shown is not
// acknowledged, so that the server goes on to the next device.

import { addUnread } from './badge.js';
import { permission, worker } from './device.js';
import { recall } from './memory.js';
import { t } from './texts.js';
import { dropToast, dropToasts, seenToast, showToast } from './toast.js';

const settle = 1000; // ms that a notice is shown before a key or a click means that it was seen
const kept = 300; // ids that are remembered
const inputs = ['pointerdown', 'keydown', 'touchstart', 'wheel'];

export class Notices {
  /**
   * @param {{
   *   slug: string,
   *   tell: (method: 'ack'|'read', data: object) => void,
   *   elsewhere: () => boolean,
   *   place: {arrived: (frame: object) => void, gone: (nid: string) => void, open: (frame: object) => void},
   * }} world elsewhere: another page of this browser is looked at and shows it
   */
  constructor({ slug, tell, elsewhere, place }) {
    this.slug = slug;
    this.tell = tell;
    this.elsewhere = elsewhere;
    this.place = place;
    this.held = new Map(); // nid → {frame, how, shown, state}, oldest first
    this.changes = 0; // of how many are unread
    document.addEventListener('visibilitychange', () => { if (visible()) this.#back(); });
    for (const event of inputs) addEventListener(event, (e) => { if (e.isTrusted) this.#touched(); }, { passive: true, capture: true });
  }

  /** Takes a frame of the device's channel. */
  frame(frame) {
    if (typeof frame?.nid !== 'string') return;
    if (frame.type === 'cancel') this.#cancel(frame.nid);
    else if (frame.type === 'notify') this.#notify(frame);
  }

  /** Somebody has seen a notice, in whatever place. */
  read(nid) {
    if (this.hold(nid).state === 'read') return;
    this.readElsewhere(nid);
    this.tell('read', { nid });
  }

  /** Another page of this browser has said so already. */
  readElsewhere(nid) {
    const held = this.hold(nid);
    if (held.state === 'open') this.#count(-1);
    held.state = 'read';
    dropToast(nid);
    this.#close(nid);
  }

  /** This browser was locked or unlocked: words are for its follower alone. */
  lockChanged() {
    dropToasts();
    for (const held of this.held.values()) if (held.state === 'open') held.shown = 0;
    if (visible()) this.#back();
  }

  hold(nid, frame) {
    let held = this.held.get(nid);
    if (!held) {
      held = { frame, how: '', shown: 0, state: 'new' }; // state: new, open, read, cancelled
      this.held.set(nid, held);
      if (this.held.size > kept) this.held.delete(this.held.keys().next().value);
    }
    return held;
  }

  #notify(frame) {
    const held = this.hold(frame.nid, frame);
    if (held.state !== 'new') { // told again: the answer was lost, or there was none to give
      this.#ack(frame.nid, held);
      return;
    }
    held.state = 'open';
    this.#count(1);
    this.place.arrived(frame);
    if (visible()) this.#inline(frame.nid, held);
    else if (!this.elsewhere() && !this.#locked) this.#prompt(frame.nid, held);
  }

  #count(n) {
    this.changes += 1;
    addUnread(n);
  }

  get #locked() {
    return Boolean(recall(this.slug, 'lock').locked);
  }

  #inline(nid, held) {
    if (this.#locked) { // that there is one is shown, the notice is not
      showToast({ nid }, { open: () => this.place.open(held.frame) });
      return;
    }
    this.#card(nid, held);
    held.shown = Date.now();
    held.how ||= 'inline';
    this.#ack(nid, held);
  }

  #card(nid, held) {
    showToast({ nid, title: held.frame.title, body: said(held.frame) }, {
      open: () => { this.read(nid); this.place.open(held.frame); },
      pushedOut: () => { held.shown = Infinity; }, // nobody has seen it yet; the list has it
    });
  }

  async #prompt(nid, held) {
    try {
      if (permission() !== 'granted') throw new Error('not allowed');
      await this.#notification(nid, held.frame);
    } catch {
      if (held.state === 'open') this.#wait(nid, held);
      return;
    }
    held.how = 'prompt';
    if (held.state === 'open') this.#ack(nid, held);
    else this.#close(nid); // read or taken back meanwhile
  }

  // The browser shows none: the card waits for whoever comes back, and nothing is
  // acknowledged before.
  #wait(nid, held) {
    if (visible()) this.#inline(nid, held);
    else this.#card(nid, held);
  }

  async #notification(nid, frame) {
    const registration = await worker(this.slug);
    const there = await registration.getNotifications();
    if (there.some((shown) => shown.data?.nid === nid)) return; // a push was quicker
    const icon = document.querySelector('link[rel=apple-touch-icon]')?.href;
    await registration.showNotification(frame.title, {
      body: said(frame), tag: frame.tag || nid, icon, badge: icon, silent: Boolean(frame.silent), renotify: !frame.silent,
      data: { nid, url: frame.url, account: frame.account },
    });
  }

  // The page is before somebody's eyes again: what waits is shown in place.
  #back() {
    for (const [nid, held] of this.held) {
      if (held.state !== 'open' || held.shown > 0) continue;
      this.#close(nid);
      this.#inline(nid, held);
    }
  }

  #touched() {
    const now = Date.now();
    for (const [nid, held] of this.held) {
      if (held.state === 'open' && held.shown > 0 && now - held.shown >= settle) this.#seen(nid, held);
    }
  }

  #seen(nid, held) {
    held.state = 'read';
    this.#count(-1);
    seenToast(nid);
    this.tell('read', { nid });
  }

  #cancel(nid) {
    const held = this.hold(nid);
    if (held.state === 'open') this.#count(-1);
    held.state = 'cancelled';
    dropToast(nid);
    this.#close(nid);
    this.place.gone(nid);
  }

  #ack(nid, { how }) {
    if (how) this.tell('ack', { nid, how, at: new Date().toISOString() });
  }

  async #close(nid) {
    const registration = await navigator.serviceWorker?.getRegistration(`/wall/${this.slug}`).catch(() => null);
    // a notification that is just being shown may not hear it: looked at again
    for (let pause = 100; registration && pause < 2000; pause *= 2) {
      const shown = (await registration.getNotifications()).filter((one) => one.data?.nid === nid);
      if (shown.length === 0) return;
      for (const one of shown) one.close();
      await new Promise((done) => { setTimeout(done, pause); });
    }
  }
}

const visible = () => document.visibilityState === 'visible';

// The words; where a name alone may be shown, what that person did. Alerts about
// mentions have a tag of their own.
function said({ nid, level, body, tag }) {
  return body || (level === 1 ? t(tag === nid ? 'notice.mentioned' : 'notice.spoke') : '');
}
