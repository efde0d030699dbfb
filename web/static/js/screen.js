// Tells the server what this page has painted, so that the desk knows: its name,
// its size, the stage that is on the screen, the message on top, the sound.

import { call } from './live.js';
import { hears } from './player.js';
import { onPainted } from './stage.js';

const beat = 30000; // ms between two reports at the latest
const calm = 5000; // ms between two reports of what is not the stage
const letters = 'abcdefghjkmnpqrstvwxyz23456789';

/** Reports for as long as the page is open; returns what to call when it listens. */
export function reportScreen(client, slug) {
  const name = screenName();
  const top = document.getElementById('rows');
  let rev = 0;
  let told = '';
  let timer = 0;

  const state = () => ({
    wall: slug,
    name,
    width: innerWidth,
    height: innerHeight,
    rev,
    seq: Number(top.firstElementChild?.dataset.seq ?? 0),
    sound: hears(),
    visible: document.visibilityState === 'visible',
  });
  const report = () => {
    clearTimeout(timer);
    timer = setTimeout(report, beat);
    const now = state();
    told = JSON.stringify(now);
    call(client, 'screen', now).catch(() => {}); // the next one tells
  };
  const look = () => { // what else has changed may wait a little
    if (JSON.stringify(state()) === told) return;
    clearTimeout(timer);
    timer = setTimeout(report, calm);
  };

  onPainted((painted) => {
    if (painted <= rev) return;
    rev = painted;
    report();
  });
  new MutationObserver(look).observe(top, { childList: true });
  document.getElementById('sound').addEventListener('click', () => setTimeout(look));
  addEventListener('resize', look);
  document.addEventListener('visibilitychange', report);
  return report;
}

// ?screen= names a screen; else the browser keeps a short name for itself.
function screenName() {
  const given = (new URLSearchParams(location.search).get('screen') ?? '').trim();
  if (given) return [...given].slice(0, 40).join('');
  try {
    let own = sessionStorage.getItem('screen');
    if (!/^[a-z2-9]{4}$/.test(own ?? '')) {
      own = code();
      sessionStorage.setItem('screen', own);
    }
    return own;
  } catch {
    return code(); // a browser that keeps nothing
  }
}

const code = () => [...crypto.getRandomValues(new Uint8Array(4))].map((n) => letters[n % letters.length]).join('');
