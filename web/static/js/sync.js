// Keeps a Feed equal to the server: changes that are pushed, and reads of what
// was missed. Knows no DOM and no socket; both are handed in.
//
// Two rules: what was read over HTTP is certain, what was pushed is a hint. While
// a read is under way, pushed changes are painted but do not count as known.

const pageOfChanges = 200;

const closes = (change) => change.op === 'control' && change.control?.state !== 'open';

export class Sync {
  /**
   * @param {import('./feed.js').Feed} feed
   * @param {{
   *   changes: (after: number, limit: number) => Promise<object>,
   *   messages: (query: object) => Promise<object>,
   *   paint: (effects: object[], live: boolean) => void,
   *   state: (state: 'live'|'behind'|'offline') => void,
   *   later: (ms: number, run: () => void) => void,
   *   random: () => number,
   * }} world
   */
  constructor(feed, world) {
    this.feed = feed;
    this.world = world;
    this.connected = false;
    this.reading = false; // a read is under way
    this.doubt = true; // something may have been missed
    this.since = null; // rev before the first jump that nobody explained
    this.held = null; // changes that wait for the end of a reset
    this.failures = 0;
  }

  /** The channel is subscribed; whole: nothing was missed since it was left. */
  subscribed(whole) {
    this.connected = true;
    if (!whole) this.doubt = true;
    this.#settle();
  }

  /** The connection is gone. */
  lost() {
    this.connected = false;
    this.world.state('offline');
  }

  /** Something after rev may have been missed: read, as soon as there is a
   *  connection. */
  suspect(rev = this.feed.rev) {
    this.since = Math.min(this.since ?? rev, rev);
    this.doubt = true;
    this.#settle();
  }

  /** A change was pushed. */
  pushed(change) {
    if (this.held) { // the server counts anew: a removal goes at once all the same
      this.held.push(change);
      if (change.op === 'remove' || closes(change)) this.world.paint(this.feed.apply({ ...change, rev: Math.max(change.rev, this.feed.rev) }), true);
      return;
    }
    const jump = change.rev > this.feed.rev + 1;
    if (!this.reading && !this.doubt) {
      if (jump) this.#askLater(this.feed.rev);
      this.feed.reach(change.rev);
    }
    this.world.paint(this.feed.apply(change), true);
    if (this.feed.stale) {
      this.doubt = true;
      this.#settle();
    }
  }

  // A rev may be missing because one change stands for several, or because one
  // was lost between server and channel. A read some seconds later tells.
  #askLater(rev) {
    if (this.since !== null) return;
    this.since = rev;
    this.world.later(3000 + this.world.random() * 12000, () => {
      this.doubt = true;
      this.#settle();
    });
  }

  #settle() {
    if (!this.connected || this.reading) return;
    if (!this.doubt) {
      this.world.state('live');
      return;
    }
    this.#read();
  }

  async #read() {
    this.reading = true;
    if (this.since === null) this.world.state('behind');
    try {
      while (this.doubt) {
        this.doubt = false;
        await this.#catchUp();
      }
      this.failures = 0;
    } catch {
      this.doubt = true;
      this.failures += 1;
      const wait = Math.min(30000, 500 * 2 ** this.failures) * (0.5 + this.world.random() / 2);
      this.world.later(wait, () => this.#settle());
    }
    this.reading = false;
    if (!this.doubt) this.#settle();
  }

  async #catchUp() {
    const from = Math.min(this.feed.rev, this.since ?? Infinity);
    this.since = null;
    try {
      await this.#readFrom(this.feed.stale ? await this.#reset() : from);
    } catch (error) {
      this.since = Math.min(this.since ?? from, from);
      throw error;
    }
  }

  async #readFrom(after) {
    for (;;) {
      const answer = await this.world.changes(after, pageOfChanges);
      if (answer.reset) {
        after = await this.#reset();
        continue;
      }
      for (const change of answer.changes) this.world.paint(this.feed.apply(change), true);
      this.feed.reach(answer.rev);
      if (this.feed.stale) {
        after = await this.#reset();
        continue;
      }
      if (answer.changes.length === 0) return;
      after = answer.rev;
    }
  }

  // The server cannot tell from our rev: read all that is shown, in its place.
  async #reset() {
    this.held = [];
    let held;
    try {
      const answer = await this.world.messages({ limit: this.feed.limit });
      this.world.paint(this.feed.replace(answer, answer.messages.length >= this.feed.limit), false);
    } finally {
      held = this.held;
      this.held = null;
    }
    for (const change of held) this.world.paint(this.feed.apply(change), true);
    return this.feed.rev;
  }
}
