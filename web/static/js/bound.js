// The wall as a bound viewer has it: its notices beside the rows, and a box to
// speak in.

import { showUnread } from './badge.js';
import { Composer } from './composer.js';
import { Inbox } from './inbox.js';
import { lockable, showLock } from './lock.js';
import { dropToasts } from './toast.js';
import { Viewer } from './viewer.js';

const stage = document.getElementById('wall');
const rows = document.getElementById('rows');
const tool = document.getElementById('notices-open');
const drawer = document.getElementById('notices');

let viewer = null;
let inbox = null;
const marked = new Set(); // seqs of messages that somebody is told of

/** Makes the page a bound viewer's; called again when its device has changed. */
export function startBound({ slug, client, name, anew }) {
  if (viewer) {
    viewer.useDevice();
    return;
  }
  const composer = new Composer(document.getElementById('composer'), { slug, name });
  viewer = new Viewer({ slug, client, place: { arrived, gone, open, unread: readInbox, lockChanged: () => lockChanged(slug, composer) } });
  inbox = new Inbox(drawer, { slug, lang: stage.dataset.lang, open });
  lockable(slug, { changed: () => viewer.lockChanged(), forgotten: () => viewer.unbind() });
  tool.hidden = false;
  tool.addEventListener('click', openDrawer);
  drawer.querySelector('[data-do=close]').addEventListener('click', () => drawer.close());
  new MutationObserver(markRows).observe(rows, { childList: true });
  lockChanged(slug, composer);
  viewer.start(anew);
  follow(new URLSearchParams(location.search).get('notice'));
}

function arrived(frame) {
  inbox.push(frame);
  marked.add(String(frame.seq));
  markRows();
}

function gone(nid) {
  inbox.gone(nid);
}

function markRows() {
  const locked = stage.classList.contains('locked');
  for (const row of rows.children) row.classList.toggle('told', !locked && marked.has(row.dataset.seq));
}

// Leads to the message of a notice; one that is not on the page has a page of its own.
async function open({ nid, seq }) {
  if (stage.classList.contains('locked')) return openDrawer();
  if (seq === undefined) {
    await inbox.load();
    seq = inbox.rows.get(nid)?.notice.seq;
  }
  viewer.notices.read(nid);
  if (!seq) return openDrawer();
  drawer.close();
  const row = rows.querySelector(`[data-seq="${Number(seq)}"]`);
  if (!row) {
    location.assign(`${location.pathname}?${new URLSearchParams({ before: Number(seq) + 1, lang: stage.dataset.lang })}`);
    return undefined;
  }
  marked.add(String(seq));
  markRows();
  row.scrollIntoView({ block: 'center' });
  return undefined;
}

// The page was opened from a notice.
function follow(nid) {
  if (!nid) return;
  const address = new URL(location.href);
  address.searchParams.delete('notice');
  history.replaceState(history.state, '', address);
  open({ nid });
}

async function openDrawer() {
  if (!drawer.open) drawer.showModal();
  dropToasts();
  await readInbox();
}

// Whoever opens the list has seen what stands on it.
async function readInbox() {
  if (!drawer.open || stage.classList.contains('locked')) return false;
  const answer = await inbox.load();
  for (const nid of answer?.open ?? []) viewer.notices.read(nid);
  if (answer) showUnread(answer.unread - answer.open.length);
  return true;
}

function lockChanged(slug, composer) {
  const locked = showLock(slug);
  stage.classList.toggle('locked', locked);
  composer.show(!locked);
  markRows();
  if (!locked) readInbox();
}
