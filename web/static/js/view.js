// The rows on the page: takes effects of the feed and paints them. New rows wait
// above while somebody reads further down.

import { discard, dress } from './dress.js';
import { hear } from './player.js';
import { buildRow, showClock, updateRow } from './row.js';
import { markRaised, removeRaised, showStage, updateRaised } from './stage.js';
import { t } from './texts.js';

const stage = document.getElementById('wall');
const list = document.getElementById('rows');
const fresh = document.getElementById('fresh');
const top = 120; // px from the top that still count as the top

const rows = new Map(); // id → row on the page
const aside = new Map(); // id → message that waits until the reader is back at the top

/** Takes over the rows that came with the page; returns their messages, as far
 *  as the feed needs them. */
export function adoptRows() {
  return [...list.children].map((row) => {
    rows.set(row.dataset.id, row);
    showClock(row.querySelector('time'));
    dress(row);
    markRaised(row);
    return { id: row.dataset.id, seq: Number(row.dataset.seq) };
  });
}

/** Paints effects. live: arrivals rise, and are heard when the sound is on. */
export function paint(effects, live) {
  for (const effect of effects) {
    if (effect.op === 'insert') insert(effect, live);
    else if (effect.op === 'update') update(effect);
    else if (effect.op === 'control') showStage(effect.control, effect.rev);
    else remove(effect.id);
  }
  if (effects.length === 0) return;
  stage.classList.toggle('empty', rows.size + aside.size === 0);
  showFresh();
}

/** Calls back when the reader is at the top again, with nothing more to wait. */
export function onTop(back) {
  let below = reading();
  const look = () => {
    if (reading()) below = true;
    else if (below) {
      below = false;
      flush();
      back();
    }
  };
  addEventListener('scroll', look, { passive: true });
  fresh.addEventListener('click', () => {
    flush();
    scrollTo({ top: 0, behavior: 'instant' });
  });
}

/** Whether the reader has gone down the page. */
export function reading() {
  return scrollY > top;
}

function insert({ id, message }, live) {
  if (live && reading() && below(message.seq) === list.firstElementChild) aside.set(id, message);
  else place(message, live);
}

// The row under which a seq belongs: the first that is lower; null: at the end.
function below(seq) {
  const lower = (row) => Number(row.dataset.seq) < seq;
  if (list.lastElementChild && !lower(list.lastElementChild)) return null;
  let row = list.firstElementChild;
  while (row && !lower(row)) row = row.nextElementSibling;
  return row;
}

function place(message, live) {
  const row = buildRow(message);
  if (!row) return;
  rows.get(message.id)?.remove();
  rows.set(message.id, row);
  list.insertBefore(row, below(message.seq));
  dress(row);
  markRaised(row);
  if (!live) return;
  row.classList.add('arrive');
  row.addEventListener('animationend', () => row.classList.remove('arrive'), { once: true });
  if (message.kind === 'voice' && message.media?.state === 'ready') hear(row.querySelector('.voice'));
}

function update({ id, message }) {
  updateRaised(message);
  if (aside.has(id)) aside.set(id, message);
  const row = rows.get(id);
  if (!row || !updateRow(row, message)) return;
  dress(row);
  if (message.kind === 'voice' && message.media?.state === 'ready') hear(row.querySelector('.voice'));
}

function remove(id) {
  removeRaised(id);
  aside.delete(id);
  const row = rows.get(id);
  if (!row) return;
  rows.delete(id);
  discard(row);
}

function flush() {
  const waiting = [...aside.values()].sort((a, b) => a.seq - b.seq);
  aside.clear();
  for (const message of waiting) place(message, true);
  showFresh();
}

function showFresh() {
  fresh.hidden = aside.size === 0;
  fresh.querySelector('.label').textContent = t('wall.new', { n: aside.size });
}
