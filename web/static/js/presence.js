// Reports how this browser stands: on change, with each heartbeat, and when its
// last page goes. Pages of one browser tell each other what they know, since
// they are one device.

import { address } from './api.js';
import { conclude, differs } from './evidence.js';
import { onMemory, recall } from './memory.js';

const heartbeat = 20000; // ms
const lost = 70000; // ms; a page that says nothing for so long is gone (a hidden one may speak once a minute)
const inputs = ['pointerdown', 'pointermove', 'keydown', 'touchstart', 'wheel'];
const breath = 1000; // ms between two inputs that are worth a note

export class Presence {
  /**
   * @param {{slug: string, kiosk?: boolean, send: (state: object) => void}} world
   */
  constructor({ slug, kiosk = false, send }) {
    this.slug = slug;
    this.send = send;
    this.device = '';
    this.me = crypto.getRandomValues(new Uint32Array(2)).join('-');
    this.seat = { input: Date.now(), hidden: visible() ? 0 : Date.now(), kiosk }; // somebody opened it
    this.others = new Map(); // id of a page → {seat, heard}
    this.idle = {};
    this.idleAfter = 120000;
    this.said = null;
    this.room = new BroadcastChannel(`callbackd.${slug}`);
  }

  /** Starts to look. */
  start() {
    for (const event of inputs) addEventListener(event, (e) => this.#input(e), { passive: true, capture: true });
    document.addEventListener('visibilitychange', () => this.#seen());
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', ({ persisted }) => { if (persisted) this.#seen(); });
    this.room.addEventListener('message', ({ data }) => this.#heard(data));
    onMemory(this.slug, 'lock', () => this.look());
    setInterval(() => this.#beat(), heartbeat);
    this.#tell(true);
    this.watchMachine();
  }

  /** Reports for this device from now on, and at once. */
  reportFor(device) {
    this.device = device;
    this.said = null;
    this.look();
  }

  /** What is known may have changed: reports it where it has. */
  look() {
    const state = this.state();
    if (!differs(this.said, state)) return;
    this.said = state;
    this.#report(state);
  }

  /** The report as it would be made now. */
  state() {
    const now = Date.now();
    for (const [id, other] of this.others) if (now - other.heard > lost) this.others.delete(id);
    const seats = [this.seat, ...[...this.others.values()].map((other) => other.seat)];
    const { locked = false } = recall(this.slug, 'lock');
    return conclude(seats, { locked, idle: this.idle, idleAfter: this.idleAfter }, now);
  }

  /** Whether another page of this browser is before somebody's eyes. */
  get seenElsewhere() {
    const now = Date.now();
    return [...this.others.values()].some(({ seat, heard }) => seat.hidden === 0 && !seat.kiosk && now - heard < lost);
  }

  /** Sets after how many seconds without input nobody is there. */
  setIdleAfter(seconds) {
    this.idleAfter = seconds * 1000;
    this.watchMachine();
    this.look();
  }

  #report(state) {
    if (this.device) this.send({ device: this.device, ...state });
  }

  #beat() {
    this.#tell();
    this.said = this.state();
    this.#report(this.said);
  }

  #input(event) {
    const now = Date.now();
    if (!event.isTrusted || now - this.seat.input < breath) return;
    this.seat.input = now;
    this.look();
    if (now - (this.told ?? 0) > heartbeat / 2) this.#tell();
  }

  #seen() {
    this.seat.hidden = visible() ? 0 : Date.now();
    this.#tell();
    this.look();
  }

  // The last page of this browser says so; a beacon arrives where a frame would not.
  #leave() {
    this.room.postMessage({ page: this.me, gone: true });
    if (this.others.size > 0 || !this.device || this.seat.kiosk) return;
    const state = { ...this.state(), active: false, hidden_ms: 1 };
    navigator.sendBeacon(address(this.slug, `me/devices/${this.device}/state`), new Blob([JSON.stringify(state)], { type: 'application/json' }));
    this.said = null;
  }

  #tell(ask = false) {
    this.told = Date.now();
    this.room.postMessage({ page: this.me, seat: this.seat, ask });
  }

  #heard({ page, seat, gone, ask }) {
    if (!page) return; // said to others
    if (gone) this.others.delete(page);
    else this.others.set(page, { seat, heard: Date.now() });
    if (ask) this.#tell();
    this.look();
  }

  /** Looks at the whole machine, where the browser can tell and was allowed to. */
  async watchMachine() {
    this.watching?.abort();
    this.idle = {};
    if (!('IdleDetector' in globalThis) || !recall(this.slug, 'viewer').idle) return;
    const watching = new AbortController();
    this.watching = watching;
    try {
      const detector = new IdleDetector();
      detector.addEventListener('change', () => {
        this.idle = { user: detector.userState, screen: detector.screenState === 'locked' ? 'locked' : 'on' };
        this.look();
      });
      await detector.start({ threshold: Math.max(60000, this.idleAfter), signal: watching.signal });
    } catch {
      // not allowed (any more): the page's own evidence has to do
    }
  }
}

const visible = () => document.visibilityState === 'visible';
