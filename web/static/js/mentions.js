// A text in which people were chosen. Each stands there as @name and is sent as its
// token. Pure: the box that shows it is not known here.

/** Letters on both sides of an @ make it an address. */
const asked = /(?:^|[^A-Za-z0-9_.-])[@＠]([^\s@＠]{1,32})$/u;

export class Mentions {
  constructor(text = '', chips = []) {
    this.text = text;
    this.chips = chips; // {start, end, token}, in the order of the text
  }

  /** Takes over what somebody typed; returns where the caret belongs, which moves
   *  only when a chip that was bitten into goes as a whole. */
  edit(text, caret) {
    const old = this.text;
    let tail = text.length - caret; // what stands after the caret was not touched
    if (!old.endsWith(text.slice(caret))) { // unless the caret was put elsewhere
      tail = 0;
      while (tail < Math.min(text.length, old.length) && text.at(-1 - tail) === old.at(-1 - tail)) tail += 1;
    }
    let head = 0;
    const least = Math.min(text.length, old.length) - tail;
    while (head < least && text[head] === old[head]) head += 1;
    const end = old.length - tail; // of what was replaced
    const by = text.length - old.length;
    const bitten = this.chips.filter((c) => c.start < end && c.end > head);
    this.chips = this.chips.filter((c) => !bitten.includes(c)).map((c) => (c.start >= end ? move(c, by) : c));
    const typed = text.slice(head, text.length - tail);
    this.text = text;
    if (typed !== '' || bitten.length === 0) return caret;
    const from = Math.min(head, bitten[0].start);
    const to = Math.max(end, bitten.at(-1).end) + by;
    this.#cut(from, to);
    return from;
  }

  /** What somebody is asking for at the caret: the letters after an @, else ''. */
  question(caret) {
    const before = this.text.slice(0, caret);
    const found = asked.exec(before);
    if (!found || this.chips.some((c) => c.end > caret - found[1].length - 1 && c.start < caret)) return '';
    return found[1];
  }

  /** Puts a person in the place of the question; returns where the caret belongs. */
  choose(caret, { name, token }) {
    const start = caret - this.question(caret).length - 1;
    const chip = `@${name}`;
    const after = this.text.slice(caret);
    const blank = /^\s/u.test(after) ? '' : ' ';
    const by = chip.length + blank.length - (caret - start);
    this.text = this.text.slice(0, start) + chip + blank + after;
    this.chips = this.chips.map((c) => (c.start >= caret ? move(c, by) : c));
    this.chips.push({ start, end: start + chip.length, token });
    this.chips.sort((a, b) => a.start - b.start);
    return start + chip.length + 1;
  }

  /** The text as it is sent. */
  sent() {
    let out = '';
    let at = 0;
    for (const chip of this.chips) {
      out += `${this.text.slice(at, chip.start)}@{${chip.token}}`;
      at = chip.end;
    }
    return (out + this.text.slice(at)).trim();
  }

  /** The text in pieces: [words, whether they are a chip]. */
  pieces() {
    const all = [];
    let at = 0;
    for (const chip of this.chips) {
      all.push([this.text.slice(at, chip.start), false], [this.text.slice(chip.start, chip.end), true]);
      at = chip.end;
    }
    return [...all, [this.text.slice(at), false]];
  }

  #cut(from, to) {
    this.text = this.text.slice(0, from) + this.text.slice(to);
    this.chips = this.chips.map((c) => (c.start >= to ? move(c, from - to) : c));
  }
}

const move = (chip, by) => ({ ...chip, start: chip.start + by, end: chip.end + by });
