// What stands above the messages: the card in their place, pins, the spotlight, an
// event's looks. Paints what the server would have painted.

import { discard, dress } from './dress.js';
import { silence } from './player.js';
import { buildRow, showClock, updateRow } from './row.js';
import { t } from './texts.js';

const stage = document.getElementById('wall');
const card = document.getElementById('card');
const pins = document.getElementById('pins');
const spot = document.getElementById('spot');
const rows = document.getElementById('rows');
const credit = document.getElementById('credit');
const miit = 'https://beian.miit.gov.cn/';
const painted = []; // who waits for what was painted

let now = JSON.parse(stage.dataset.control);

/** Calls back with the rev of each stage that is on the screen. */
export function onPainted(back) {
  painted.push(back);
}

/** Dresses what came with the page. */
export function adoptStage() {
  for (const row of [...pins.children, ...spot.querySelectorAll('.row')]) {
    showClock(row.querySelector('time'));
    dress(row);
  }
  showTime();
  silence(now.state !== 'open');
  afterPaint(Number(stage.dataset.rev));
}

/** Shows a stage. rev: that it was told with. */
export function showStage(control, rev) {
  now = control;
  const open = control.state === 'open';
  silence(!open);
  stage.dataset.stage = control.state;
  stage.classList.toggle('closed', !open);
  if (!open) for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  showCard(control.card, control.event);
  showLooks(control.event);
  showPins(control);
  afterPaint(rev);
}

function afterPaint(rev) {
  requestAnimationFrame(() => { // after this frame it is on the screen
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { for (const back of painted) back(rev); };
    channel.port2.postMessage(0);
  });
}

/** Hides a row of the list that stands above it already. */
export function markRaised(row) {
  if ((now.pins ?? []).includes(row.dataset.id)) row.dataset.raised = '';
  else delete row.dataset.raised;
}

/** Brings a pinned message up to date, and the one in the spotlight. */
export function updateRaised(message) {
  for (const row of raised(message.id)) if (updateRow(row, message)) dress(row);
}

/** Takes a message off the pins and out of the spotlight. */
export function removeRaised(id) {
  for (const row of raised(id)) discard(row);
  settle();
}

function raised(id) {
  return [...pins.children, ...spot.querySelectorAll('.row')].filter((row) => row.dataset.id === id);
}

function settle() {
  pins.hidden = pins.children.length === 0;
  spot.hidden = !spot.querySelector('.row');
  stage.classList.toggle('lit', !spot.hidden);
}

// texts: card.still.title card.still.text card.draft.title card.draft.text
// texts: card.closing.title card.closing.text
function showCard(content, event) {
  card.hidden = !content;
  if (!content) return;
  card.dataset.kind = content.kind;
  const part = (name) => card.querySelector(`[data-part=${name}]`);
  part('title').textContent = content.title || t(`card.${content.kind}.title`);
  part('text').textContent = content.text || (content.title ? '' : t(`card.${content.kind}.text`));
  const at = content.kind === 'draft' ? event?.starts_at : '';
  part('when').hidden = !at;
  part('when').firstElementChild.dateTime = at ?? '';
  showTime();
}

function showTime() {
  const time = card.querySelector('time');
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.textContent = at.toLocaleString(stage.dataset.lang, { dateStyle: 'long', timeStyle: 'short' });
}

function showLooks(event) {
  document.getElementById('heading').textContent = event?.title || event?.name || stage.dataset.name;
  for (const logo of [document.getElementById('logo'), card.querySelector('.logo')]) {
    logo.hidden = !event?.logo;
    if (!event?.logo) logo.removeAttribute('src');
    else if (logo.getAttribute('src') !== event.logo) logo.src = event.logo;
  }
  const { text, icp, link } = event?.footer ?? {};
  credit.hidden = !text && !icp;
  credit.querySelector('[data-part=text]').textContent = text ?? '';
  const number = credit.querySelector('[data-part=icp]');
  number.textContent = icp ?? '';
  number.hidden = !icp;
  number.href = /^https?:\/\//.test(link ?? '') ? link : miit;
  showStyle(event?.style);
}

// The new colours stand before the old ones go.
function showStyle(path) {
  const old = document.getElementById('style');
  if ((old?.getAttribute('href') ?? '') === (path ?? '')) return;
  if (!path) {
    old.remove();
    return;
  }
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = path;
  link.id = 'style';
  old?.removeAttribute('id');
  for (const end of ['load', 'error']) link.addEventListener(end, () => old?.remove(), { once: true });
  document.head.append(link);
}

function showPins(control) {
  const messages = new Map((control.messages ?? []).map((m) => [m.id, m]));
  fill(pins, (control.pins ?? []).map((id) => messages.get(id)));
  fill(spot.firstElementChild, control.spotlight ? [messages.get(control.spotlight)] : []);
  for (const row of rows.children) markRaised(row);
  settle();
}

// What stays is left as it is: a film goes on.
function fill(list, messages) {
  const have = new Map([...list.children].map((row) => [row.dataset.id, row]));
  for (const message of messages) {
    if (!message) continue;
    let row = have.get(message.id);
    have.delete(message.id);
    if (row) {
      if (updateRow(row, message)) dress(row);
    } else if ((row = buildRow(message))) {
      dress(row);
    } else continue;
    list.append(row);
  }
  for (const row of have.values()) discard(row);
}
