// The tool "notify me" of the wall. Until somebody clicks on it, or was bound in
// this browser before, nothing more is loaded, asked or stored.

import { recall } from './memory.js';

const tool = document.getElementById('remind');
const wait = 15000; // ms until who cannot be told is asked again

/** Offers notices on a wall whose connection is given. */
export function offerNotices(slug, client) {
  if (new URLSearchParams(location.search).get('kiosk') === '1') {
    kiosk(slug, client);
    return;
  }
  const { bound, asking } = recall(slug, 'viewer');
  tool.hidden = Boolean(bound);
  tool.addEventListener('click', async () => {
    const { openBinding } = await import('./bind.js');
    openBinding(slug, (name) => begin(slug, client, name, true));
  });
  if (bound) findOut(slug, client);
  else if (asking > Date.now()) resume(slug, client);
}

async function findOut(slug, client) {
  const { whoIsBound } = await import('./viewer.js');
  const name = await whoIsBound(slug);
  if (name === undefined) setTimeout(() => findOut(slug, client), wait);
  else if (name === null) tool.hidden = false;
  else begin(slug, client, name, false);
}

async function resume(slug, client) {
  const { resumeBinding } = await import('./bind.js');
  resumeBinding(slug, (name) => begin(slug, client, name, true));
}

async function begin(slug, client, name, anew) {
  tool.hidden = true;
  const { startBound } = await import('./bound.js');
  startBound({ slug, client, name, anew });
}

// A projector shows the wall and nothing of whoever opened it. Where it is the only
// page of its browser, it says that nobody sits there.
async function kiosk(slug, client) {
  document.documentElement.classList.add('kiosk');
  const { bound, device } = recall(slug, 'viewer');
  if (!bound || !device) return;
  const [{ Presence }, { call }] = await Promise.all([import('./presence.js'), import('./live.js')]);
  const presence = new Presence({ slug, kiosk: true, send: (state) => { if (state.kiosk) call(client, 'state', state).catch(() => {}); } });
  presence.start();
  client.on('connected', () => presence.reportFor(device));
  presence.reportFor(device);
}
