// A page whose browser is bound to a follower: its device, its reports, the notices
// that come, and what the page does with them.

import { ask } from './api.js';
import { showUnread } from './badge.js';
import { device, known, lapsed, leave, register, retire } from './device.js';
import { call, followDevice, reconnect } from './live.js';
import { forget, onMemory, recall, remember } from './memory.js';
import { Notices } from './notices.js';
import { Presence } from './presence.js';

const patience = 3; // times that something is done anew before it is left alone

export class Viewer {
  /**
   * @param {{slug: string, client: object, place: object}} page place: see Notices;
   *   and unread(), which reads the inbox where it is open and says whether it is;
   *   and lockChanged()
   */
  constructor({ slug, client, place }) {
    this.slug = slug;
    this.client = client;
    this.place = place;
    this.tries = 0;
    this.device = '';
    this.heard = new Promise((done) => { this.hears = done; }); // done once its device's channel is up
    this.presence = new Presence({ slug, send: (state) => { call(client, 'state', state).catch(() => {}); } });
    this.notices = new Notices({
      slug, place,
      tell: (method, data) => this.#tell(method, data),
      elsewhere: () => this.presence.seenElsewhere,
    });
    this.presence.room.addEventListener('message', ({ data }) => this.#heard(data));
    onMemory(slug, 'viewer', (now) => this.#remembered(now));
    onMemory(slug, 'lock', () => this.lockChanged());
    navigator.serviceWorker?.addEventListener('message', ({ data }) => this.#opened(data));
    client.on('connected', () => this.#readChoices());
  }

  /** Begins; anew: the connection was made before the browser was bound. */
  async start(anew) {
    this.presence.start();
    if (anew) reconnect(this.client);
    else if (this.client.state === 'connected') this.#readChoices();
    await this.useDevice();
  }

  /** Listens for the device that this browser is now. */
  async useDevice() {
    let id = '';
    try {
      if (!recall(this.slug, 'viewer').off) id = await device(this.slug);
    } catch (error) {
      return this.#without(error);
    }
    if (id === this.device) return undefined;
    this.stop?.();
    this.stop = null;
    this.device = id;
    if (!id) return this.presence.reportFor(''); // its follower wants none here
    this.stop = followDevice(this.client, id, {
      up: () => this.#up(),
      frame: (frame) => this.notices.frame(frame),
      refused: () => this.#refused(),
    });
    return undefined;
  }

  /** The follower made other choices here. */
  choose(choices) {
    this.presence.setIdleAfter(choices.idle_after_s);
    this.presence.room.postMessage({ choices: choices.idle_after_s });
  }

  /** This page locks or unlocks the browser. */
  lockChanged() {
    this.presence.look();
    this.notices.lockChanged();
    this.place.lockChanged();
  }

  /** Somebody unbinds this browser here. */
  async unbind() {
    await ask(this.slug, 'DELETE', 'me/binding');
    await this.#end();
  }

  #up() {
    this.tries = 0;
    this.hears();
    this.presence.reportFor(this.device);
    this.unread();
  }

  /** Reads how many notices are unread; anew where that changed meanwhile. */
  async unread(tries = patience) {
    if (await this.place.unread()) return undefined;
    const before = this.notices.changes;
    const answer = await ask(this.slug, 'GET', 'me/notices', { query: { limit: 1 } }).catch(() => null);
    if (!answer) return undefined;
    if (this.notices.changes !== before && tries > 0) return this.unread(tries - 1);
    return showUnread(answer.unread);
  }

  async #readChoices() {
    const choices = await ask(this.slug, 'GET', 'me/preferences').catch(() => null);
    if (choices) this.presence.setIdleAfter(choices.idle_after_s);
  }

  // The server does not let this viewer listen to its device: it is another's, it
  // is gone, or the browser is bound no more.
  async #refused() {
    const was = this.device;
    this.stop?.();
    this.stop = null;
    this.device = '';
    this.tries += 1;
    if (await known(this.slug) !== was) return this.useDevice(); // registered anew meanwhile
    try {
      const { state } = await ask(this.slug, 'GET', 'me/binding');
      if (state !== 'bound') return this.#end();
      if (!await lapsed(this.slug)) await retire(this.slug); // removed on purpose
      else if (this.tries <= patience) await register(this.slug);
      return this.useDevice();
    } catch (error) {
      return this.#without(error);
    }
  }

  #without(error) {
    if ([401, 404, 409].includes(error.status)) return this.#end();
    if (this.tries > patience) return undefined;
    this.tries += 1;
    setTimeout(() => this.useDevice(), Math.max(error.wait ?? 0, 5 * this.tries) * 1000);
    return undefined;
  }

  // Nothing of the follower stays in this browser.
  async #end() {
    if (this.ended) return;
    this.ended = true;
    await leave(this.slug);
    remember(this.slug, 'viewer', { known: true });
    location.reload();
  }

  #remembered(now) {
    if (!now.bound) location.reload(); // unbound by another page
    else if ((now.device ?? '') !== this.device) this.useDevice();
  }

  #heard({ read, choices }) {
    if (read) this.notices.readElsewhere(read);
    if (choices) this.presence.setIdleAfter(choices);
  }

  #opened({ type, nid } = {}) {
    if (type !== 'opened' || !nid) return;
    this.notices.readElsewhere(nid); // the worker has told the server
    this.place.open({ nid });
  }

  // By the connection, or where that is gone by HTTP.
  async #tell(method, data) {
    if (method === 'read') this.presence.room.postMessage({ read: data.nid });
    try {
      await call(this.client, method, data);
    } catch {
      const { nid, ...body } = data;
      await ask(this.slug, 'POST', `notices/${encodeURIComponent(nid)}/${method}`, { body }).catch(() => {});
    }
  }
}

/** Whether this browser is bound: its follower's name, or null. The flag goes where
 *  the server says otherwise; undefined: there was no telling. */
export async function whoIsBound(slug) {
  try {
    const { state, name } = await ask(slug, 'GET', 'me/binding');
    if (state === 'bound') {
      if (!recall(slug, 'viewer').bound) remember(slug, 'viewer', { known: true, bound: true });
      return name ?? '';
    }
    remember(slug, 'viewer', { bound: undefined });
    return null;
  } catch (error) {
    if (![401, 404, 409].includes(error.status)) return undefined;
    forget(slug, 'viewer');
    return null;
  }
}
