// "My notices": choices, devices and the inbox of whoever is bound in this browser;
// to everybody else an invitation.

import { openBinding } from './bind.js';
import { showUnread } from './badge.js';
import { showChoices } from './choices.js';
import { refresh, showDevices } from './devices.js';
import { Inbox } from './inbox.js';
import { open } from './live.js';
import { canHash, lock, lockable, showLock } from './lock.js';
import { loadTexts } from './texts.js';
import { Viewer, whoIsBound } from './viewer.js';

const page = document.getElementById('me');
const { slug, lang } = page.dataset;

let viewer = null;
let inbox = null;

await loadTexts(page.dataset.texts);
document.getElementById('remind').addEventListener('click', () => openBinding(slug, () => begin(true)));
const who = await whoIsBound(slug);
if (who === undefined) show('failed');
else if (who === null) show('unbound');
else begin(false);

function show(state) {
  page.dataset.state = state;
  for (const part of page.querySelectorAll('[data-state]')) part.hidden = part.dataset.state !== state;
}

async function begin(anew) {
  if (viewer) {
    await viewer.useDevice();
    refresh();
    return;
  }
  inbox = new Inbox(document.getElementById('inbox'), { slug, lang, open: follow });
  inbox.seen = seen;
  viewer = new Viewer({ slug, client: open(slug), place: {
    arrived: (frame) => inbox.push(frame), gone: (nid) => inbox.gone(nid), open: follow, unread: readAll, lockChanged,
  } });
  lockable(slug, { changed: () => viewer.lockChanged(), forgotten: () => viewer.unbind() });
  offerLock();
  document.getElementById('unbind').addEventListener('click', unbind);
  document.addEventListener('visibilitychange', readAll);
  showLock(slug);
  show('bound');
  await viewer.start(anew);
  await Promise.allSettled([
    showChoices(slug, (choices) => viewer.choose(choices)),
    showDevices(viewer),
    readAll(),
  ]);
}

// Whoever opens the page has seen what stands on it.
async function readAll() {
  if (document.visibilityState !== 'visible' || showLock(slug)) return false;
  const answer = await inbox.load();
  if (!answer) return false;
  seen(answer.open);
  showUnread(answer.unread - answer.open.length);
  return true;
}

function seen(nids) {
  for (const nid of nids) viewer.notices.read(nid);
}

function follow({ nid }) {
  location.assign(`/wall/${slug}?${new URLSearchParams({ notice: nid, lang })}`);
}

function lockChanged() {
  showLock(slug);
  readAll();
}

function offerLock() {
  const form = document.getElementById('lock');
  form.querySelector('[data-part=new-pin]').hidden = !canHash;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await lock(slug, form.elements.pin.value);
    form.reset();
    viewer.lockChanged();
  });
}

async function unbind() {
  try {
    await viewer.unbind();
  } catch {
    document.getElementById('unbind-failed').hidden = false;
  }
}
