// What the page knows of its wall, without a page: which messages there are, in
// which order, and what it must never paint again. Pure: no DOM, no network, no
// clock.
//
// Each message is guarded by the rev that it was last told with. An answer that
// was on its way while something newer came changes nothing that is newer.

const removedKept = 5000;

/** @typedef {{op: 'insert'|'update'|'remove'|'control', id?: string, message?: object, control?: object, rev?: number}} Effect */

export class Feed {
  /**
   * @param {number} limit rows that are kept while nobody reads further down
   * @param {() => boolean} reading whether somebody does
   */
  constructor(limit = 200, reading = () => false) {
    this.limit = limit;
    this.reading = reading;
    this.room = limit; // rows that are kept now
    this.rev = 0; // everything up to here is known
    this.more = false; // the server has older ones than the last row
    this.rows = new Map(); // id → {rev, seq, message}
    this.order = []; // ids, highest seq first
    this.removed = new Map(); // id → rev of its removal, oldest first
    this.floor = 0; // removals up to here may have been forgotten
    this.control = null; // the wall's stage
    this.controlRev = 0; // that it was told with
    this.stale = false; // what is shown must be read anew, as a whole
  }

  /** Takes over what the server painted. */
  adopt(messages, rev, more, control = null) {
    this.rev = rev;
    this.control = control;
    this.controlRev = rev;
    this.more = more;
    for (const message of messages) {
      this.rows.set(message.id, { rev, seq: message.seq, message });
      this.order.push(message.id);
    }
    this.order.sort((a, b) => this.rows.get(b).seq - this.rows.get(a).seq);
    this.room = Math.max(this.limit, this.order.length);
  }

  /** Applies one change and returns its effects; nothing when it is old. */
  apply(change) {
    switch (change.op) {
      case 'remove':
        return this.#remove(change.id, change.rev);
      case 'show':
      case 'update':
        return change.message ? this.#put(change.message, change.rev) : [];
      case 'control':
        return change.control ? this.#stage(change.control, change.rev) : [];
      default:
        return []; // what a later release says to its own pages
    }
  }

  /** Everything up to rev is known now. */
  reach(rev) {
    if (rev > this.rev) this.rev = rev;
  }

  /** Replaces all with an answer of `messages`; used when rev cannot be followed. */
  replace(answer, full) {
    const effects = this.order.filter((id) => !answer.messages.some((m) => m.id === id))
      .map((id) => ({ op: 'remove', id }));
    for (const { id } of effects) this.#drop(id);
    for (const row of this.rows.values()) row.rev = 0;
    this.removed.clear();
    this.floor = 0;
    this.rev = answer.rev;
    this.more = full;
    this.stale = false;
    this.controlRev = answer.rev;
    if (answer.control) {
      this.control = answer.control;
      effects.push({ op: 'control', control: answer.control, rev: answer.rev });
    }
    this.room = Math.max(this.limit, answer.messages.length);
    for (const message of answer.messages) effects.push(...this.#put(message, answer.rev));
    return effects;
  }

  /** Adds older rows from an answer of `messages?before=`. */
  earlier(answer, full) {
    if (answer.rev < this.floor) return []; // too old to be trusted: ask again
    this.more = full;
    this.room = Math.max(this.room, this.order.length + answer.messages.length);
    const effects = [];
    for (const message of answer.messages) {
      if (!this.rows.has(message.id)) effects.push(...this.#put(message, answer.rev, true));
    }
    return effects;
  }

  /** Gives up the rows that nobody reads any more, beyond the limit. */
  trim() {
    this.room = this.limit;
    return this.#trim();
  }

  /** The lowest seq that is held; 0 without rows. */
  get last() {
    return this.order.length ? this.rows.get(this.order.at(-1)).seq : 0;
  }

  /** Whether the wall shows messages. */
  get open() {
    return !this.control || this.control.state === 'open';
  }

  // A closed wall holds nothing. One that opens, or shows another event, is read
  // as a whole: what was let through meanwhile was told to nobody.
  #stage(control, rev) {
    if (rev <= this.controlRev) return [];
    const was = this.control;
    const wasOpen = this.open;
    this.control = control;
    this.controlRev = rev;
    this.stale = this.open && (this.stale || !wasOpen || control.event?.id !== was?.event?.id);
    const gone = this.open ? this.order.filter((id) => this.rows.get(id).seq <= (control.cleared ?? 0)) : [...this.order];
    if (gone.length) this.more = false;
    for (const id of gone) this.#drop(id);
    return [...gone.map((id) => ({ op: 'remove', id })), { op: 'control', control, rev }];
  }

  #put(message, rev, older = false) {
    if (!this.open || message.seq <= (this.control?.cleared ?? 0)) return [];
    if ((this.removed.get(message.id) ?? 0) >= rev) return [];
    const held = this.rows.get(message.id);
    if (held) {
      if (held.rev >= rev) return [];
      held.rev = rev;
      if (held.seq === message.seq) {
        held.message = message;
        return [{ op: 'update', id: message.id, message }];
      }
      this.#drop(message.id); // let through again: a new place
      return [{ op: 'remove', id: message.id }, ...this.#insert(message, rev)];
    }
    if (rev <= this.floor) return []; // its removal may be one of the forgotten
    if (!older && this.more && message.seq < this.last) return []; // below what is held
    return this.#insert(message, rev);
  }

  #insert(message, rev) {
    this.removed.delete(message.id);
    this.rows.set(message.id, { rev, seq: message.seq, message });
    const at = this.#place(message.seq);
    this.order.splice(at, 0, message.id);
    return [{ op: 'insert', id: message.id, message }, ...this.#trim()];
  }

  // Where a seq belongs: after all that are higher.
  #place(seq) {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows.get(this.order[middle]).seq > seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(id, rev) {
    const held = this.rows.get(id);
    if (held && held.rev > rev) return [];
    const before = this.removed.get(id) ?? 0;
    this.removed.delete(id); // to the end of the line
    this.removed.set(id, Math.max(rev, before));
    if (this.removed.size > removedKept) {
      const [oldest, at] = this.removed.entries().next().value;
      this.removed.delete(oldest);
      this.floor = Math.max(this.floor, at);
    }
    if (!held) return [];
    this.#drop(id);
    return [{ op: 'remove', id }];
  }

  #drop(id) {
    this.rows.delete(id);
    this.order.splice(this.order.indexOf(id), 1);
  }

  #trim() {
    const effects = [];
    if (this.reading()) return effects; // nothing goes from under a reader's eyes
    while (this.order.length > this.room) {
      const id = this.order.at(-1);
      this.#drop(id);
      this.more = true;
      effects.push({ op: 'remove', id });
    }
    return effects;
  }
}
