// The live state of a page of the desk.
import { ready, slug } from './desk.js';
import { t } from '../texts.js';

const sign = document.getElementById('live');

async function show(key) {
  await ready;
  sign.hidden = !key;
  sign.textContent = key ? t(key) : '';
}

/**
 * Hears the state of this account's desk: fn is called with it at once and whenever
 * it changed. A connection that breaks is made again, and said; lost is called when
 * it breaks.
 */
export function watch(what, fn, { lost = () => {} } = {}) {
  // texts: desk.offline desk.ended
  let over = false;
  let broken = false;
  const open = () => {
    const source = new EventSource(`/desk/${slug}/stream?what=${encodeURIComponent(what)}`);
    source.addEventListener('state', (event) => {
      show('');
      broken = false;
      fn(JSON.parse(event.data));
    });
    source.addEventListener('end', () => {
      over = true;
      source.close();
      show('desk.ended');
      location.reload(); // which leads to the login
    });
    source.addEventListener('error', () => {
      if (over) return;
      if (!broken) lost();
      broken = true;
      show('desk.offline');
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 3000); // refused: the browser does not try again itself
    });
    addEventListener('pagehide', () => source.close(), { once: true });
  };
  open();
}
