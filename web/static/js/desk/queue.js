// The moderation queue: one message large, the next ones beside. The server makes
// the messages; this page puts them in their places, sends decisions and hears
// what lies before it.

import { t } from '../texts.js';
import { ready } from './desk.js';
import { dress } from './dress.js';
import { listenKeys } from './keys.js';
import { onUnsent, reason, send, tapName } from './outbox.js';
import { showGroup } from './group.js';
import { watch } from './stream.js';
import { offerUndo, undoLast } from './undo.js';

const queue = document.getElementById('queue');
const current = document.getElementById('current');
const rest = document.getElementById('rest');
const empty = document.getElementById('empty');
const note = document.getElementById('note');
const trailPause = 3000; // ms
const leaseLife = 50000; // ms without the server after which nothing is shown: the leases end

const decided = new Set(); // ids that were decided here and may still be in a state that was on its way
let order = []; // ids as the server told them
let alone = true;

document.body.classList.add('live');

const items = () => [...current.children, ...rest.children];
const find = (id) => document.getElementById(`m-${id}`);

function say(text) {
  note.textContent = text;
  note.hidden = !text;
}

/** Puts messages into their places: the chosen one large, the others in order. */
function place(chosen) {
  const shown = order.filter((id) => !decided.has(id) && find(id));
  const first = chosen && shown.includes(chosen) ? chosen : shown.find((id) => id === current.firstElementChild?.dataset.id) ?? shown[0];
  for (const item of items()) if (!shown.includes(item.dataset.id)) item.remove();
  const large = first ? find(first) : null;
  if (large && large.parentElement !== current) {
    if (current.firstElementChild) rest.prepend(current.firstElementChild);
    current.append(large);
  }
  let before = null;
  for (const id of shown.filter((one) => one !== first).reverse()) {
    const item = find(id);
    if (item.parentElement !== rest || item.nextElementSibling !== before) rest.insertBefore(item, before);
    before = item;
  }
  empty.hidden = shown.length > 0;
  showGroup();
}

function fetchPage(address) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // it parses a page without running anything of it
    request.open('GET', address);
    request.responseType = 'document';
    request.timeout = 15000;
    request.onload = () => (request.status === 200 ? done(request.response) : failed(new Error(String(request.status))));
    request.onerror = request.ontimeout = () => failed(new Error('0'));
    request.send();
  });
}

const fetchItems = async (ids) => {
  const page = await fetchPage(`${queue.dataset.items}?${new URLSearchParams(ids.map((id) => ['id', id]))}`);
  return [...page.querySelectorAll('.q')];
};

let told = ''; // which trail the page shows
let asked = 0;

/** Brings the list of what was decided last up to date, at most every few seconds. */
function showTrail(trail) {
  if (trail === told || asked) return;
  asked = setTimeout(async () => {
    asked = 0;
    try {
      const page = await fetchPage(location.pathname);
      document.querySelector('#trail ol').replaceWith(document.importNode(page.querySelector('#trail ol'), true));
      told = trail;
    } catch {
      // the next state brings it
    }
  }, trailPause);
}

function put(fresh) {
  const item = document.importNode(fresh, true);
  const old = find(item.dataset.id);
  const open = old?.querySelector('details[open] textarea')?.value;
  if (open !== undefined && old.dataset.state === item.dataset.state) return; // somebody writes in it
  if (old) old.replaceWith(item);
  else rest.append(item);
  dress(item);
}

let latest = 0;
let heard = null; // the last state

async function hear(state) {
  await ready;
  const turn = ++latest;
  heard = state;
  document.body.dataset.stage = state.stage;
  document.querySelector('[data-part=waiting]').textContent = state.waiting;
  alone = state.others.length === 0;
  document.querySelector('[data-part=others]').textContent = alone ? '' : t('queue.also', { who: state.others.map((name) => name.replace(/^\w+:/, '')).join('、') });
  for (const id of decided) if (!state.items.some((item) => item.id === id)) decided.delete(id);
  const wanted = state.items.filter((item) => !decided.has(item.id) && find(item.id)?.dataset.v !== item.v).map((item) => item.id);
  if (wanted.length > 0) {
    try {
      for (const fresh of await fetchItems(wanted)) put(fresh);
    } catch {
      return; // the next state brings them
    }
    if (turn !== latest) return;
  }
  order = state.items.map((item) => item.id);
  place();
  showTrail(state.trail);
  // texts: queue.empty queue.all_taken
  if (empty.hidden === false) empty.textContent = t(state.waiting === '0' ? 'queue.empty' : 'queue.all_taken');
}

/** Decides messages; the page goes on at once. */
async function decide(action, marks) {
  const [decision] = action.split('+');
  const ids = marks.map((mark) => mark.split('.')[0]);
  for (const id of ids) decided.add(id);
  const following = next(ids);
  place(following);
  const batch = tapName();
  offerUndo(decision, ids.length, () => undo(batch, ids));
  try {
    const form = new URLSearchParams({ do: action, batch });
    for (const mark of marks) form.append('m', mark);
    const answer = await send(queue.dataset.items.replace(/items$/, 'decide'), form);
    say(answer.late?.length > 0 ? t('queue.late') : '');
  } catch (error) {
    say(reason(error));
    if (error.status !== 409) for (const id of ids) decided.delete(id); // it stands as it did
    place();
  }
}

/** The one that follows those that go. */
function next(ids) {
  const large = current.firstElementChild?.dataset.id;
  if (!ids.includes(large)) return large;
  const at = order.indexOf(large);
  return order.slice(at + 1).concat(order.slice(0, at)).find((id) => !decided.has(id));
}

async function undo(batch, ids) {
  try {
    await send(queue.dataset.undo, { batch });
    for (const id of ids) decided.delete(id);
    say('');
    if (heard) hear(heard); // it may have come before this answer
  } catch (error) {
    say(reason(error));
  }
}

async function stage(what) {
  try {
    await send(document.querySelector('.queue-stage').action, { do: what });
    say('');
  } catch (error) {
    say(reason(error));
  }
}

function move(by) {
  const shown = order.filter((id) => !decided.has(id));
  const at = shown.indexOf(current.firstElementChild?.dataset.id);
  const to = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
  if (to) place(to);
}

function press(key) {
  current.querySelector(`[data-key="${key}"]`)?.click();
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.classList.contains('queue-stage')) {
    event.preventDefault();
    stage(button.value);
  } else if (form.action.endsWith('/queue/decide')) {
    event.preventDefault();
    const marks = form.id === 'group' ? [...document.querySelectorAll('.q-mark input:checked')].map((box) => box.value) : [form.elements.m.value];
    if (marks.length > 0) decide(button.value, marks);
  } else if (form.action.endsWith('/queue/caption')) {
    event.preventDefault();
    const details = form.closest('details');
    send(form.action, { id: form.elements.id.value, words: form.elements.words.value, do: button.value })
      .then(() => { details.open = false; }, (error) => say(reason(error)));
  }
});

rest.addEventListener('click', (event) => {
  const item = event.target.closest('.q');
  if (!item || event.target.closest('.q-mark, a, button')) return;
  place(item.dataset.id);
  if (matchMedia('(max-width: 899px)').matches) current.scrollIntoView({ block: 'start' });
});
document.addEventListener('change', (event) => { if (event.target.closest('.q-mark')) showGroup(); });

listenKeys({
  a: () => press('a'),
  r: () => press('r'),
  p: () => press('p'),
  s: () => press('s'),
  u: undoLast,
  j: () => move(1),
  k: () => move(-1),
  x: () => { current.querySelector('.q-mark input')?.click(); },
  ' ': () => { (current.querySelector('.pill') ?? current.querySelector('.glyph') ?? current.querySelector('a.image'))?.click(); },
  '/': () => document.querySelector('.queue-search input').focus(),
  '?': () => document.getElementById('help').showModal(),
  panic: () => stage('panic'),
});

onUnsent((n) => say(n > 0 ? t('queue.not_sent', { n }) : ''));

// Without the server the leases end: what is shown may lie before others by then.
let stale = 0;
function lost() {
  clearTimeout(stale);
  stale = setTimeout(async () => {
    await ready;
    document.body.dataset.lost = t('queue.lost');
    say(t('queue.lost'));
  }, leaseLife);
}

function found() {
  clearTimeout(stale);
  delete document.body.dataset.lost;
}

const csrf = document.querySelector('meta[name="csrf"]').content;
addEventListener('pagehide', () => navigator.sendBeacon(queue.dataset.leave, new URLSearchParams({ csrf })));

order = items().map((item) => item.dataset.id);
place();
watch('queue', (state) => { found(); return hear(state); }, { lost });
