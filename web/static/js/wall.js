// Makes the wall live. Without this file the page reads as it came.

import { Feed } from './feed.js';
import { followWall, open } from './live.js';
import { offerNotices } from './remind.js';
import { reportScreen } from './screen.js';
import { adoptStage } from './stage.js';
import { offerSound, showState } from './state.js';
import { Sync } from './sync.js';
import { loadTexts, t } from './texts.js';
import { adoptRows, onTop, paint, reading } from './view.js';

const stage = document.getElementById('wall');
const home = `/wall/${stage.dataset.slug}`;
const timeout = 15000; // ms for one read

await loadTexts(stage.dataset.texts);
const feed = new Feed(200, reading);
feed.adopt(adoptRows(), Number(stage.dataset.rev), 'more' in stage.dataset, JSON.parse(stage.dataset.control));
const sync = 'older' in stage.dataset ? null : goLive(); // a page of older messages stays as it is
if (!sync) adoptStage();
offerEarlier();

function goLive() {
  const sync = new Sync(feed, {
    changes: (after, limit) => read('changes', { after, limit }),
    messages: (query) => read('messages', query),
    paint,
    state: showState,
    later: (ms, run) => setTimeout(run, ms),
    random: Math.random,
  });
  onTop(() => {
    paint(feed.trim(), false);
    showEarlier();
  });
  offerSound();
  addEventListener('pageshow', (event) => { if (event.persisted) sync.suspect(); });
  const client = open(stage.dataset.slug);
  const report = reportScreen(client, stage.dataset.slug);
  followWall(client, stage.dataset.slug, {
    subscribed: (whole) => {
      report();
      sync.subscribed(whole);
    },
    lost: () => sync.lost(),
    pushed: (change) => sync.pushed(change),
  });
  adoptStage();
  offerNotices(stage.dataset.slug, client);
  return sync;
}

async function read(what, query) {
  const answer = await fetch(`${home}/${what}?${new URLSearchParams(query)}`, {
    cache: 'no-store',
    signal: AbortSignal.timeout(timeout),
  });
  if (!answer.ok) throw new Error(`${what}: ${answer.status}`);
  return answer.json();
}

function showEarlier() {
  document.getElementById('earlier').hidden = !feed.more;
}

function offerEarlier() {
  const link = document.getElementById('earlier');
  const label = link.querySelector('.label');
  const page = 100;
  let busy = false;
  link.addEventListener('click', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    try {
      const answer = await read('messages', { before: feed.last, limit: page });
      paint(feed.earlier(answer, answer.messages.length >= page), false);
      if (answer.rev < feed.rev) sync?.suspect(answer.rev); // older than what we know
      label.textContent = t('wall.earlier');
    } catch {
      label.textContent = t('wall.earlier.failed');
    }
    busy = false;
    showEarlier();
  });
}
