// Notices shown in place: cards at the top of the page, the newest first. Words of
// followers go in as text.

import { t } from './texts.js';

const box = document.getElementById('toasts');
const most = 3; // at once; older ones are in the list of notices
const stay = 8000; // ms that one stays after it was seen

const cards = new Map(); // nid → {card, timer, pushedOut}, oldest first

/**
 * Shows a notice, until it is seen; without title: only that there is one.
 * @param {{nid: string, title?: string, body?: string}} notice
 * @param {{open: () => void, pushedOut?: () => void}} back open: somebody tapped it;
 *   pushedOut: newer ones took its place
 */
export function showToast({ nid, title, body }, { open, pushedOut = () => {} }) {
  dropToast(nid);
  const card = box.querySelector('template').content.firstElementChild.cloneNode(true);
  card.dataset.nid = nid;
  card.querySelector('[data-part=title]').textContent = title ?? t('notice.hidden');
  const words = card.querySelector('[data-part=body]');
  words.textContent = body ?? '';
  words.hidden = !body;
  card.querySelector('[data-part=open]').addEventListener('click', () => {
    dropToast(nid);
    open();
  });
  card.querySelector('[data-part=close]').addEventListener('click', () => dropToast(nid));
  box.prepend(card);
  cards.set(nid, { card, timer: 0, pushedOut });
  if (cards.size <= most) return;
  const [oldest, out] = cards.entries().next().value;
  dropToast(oldest);
  out.pushedOut();
}

/** One was seen: it goes by itself, a little later. */
export function seenToast(nid) {
  const held = cards.get(nid);
  if (held && !held.timer) held.timer = setTimeout(() => dropToast(nid), stay);
}

/** Takes a notice away. */
export function dropToast(nid) {
  const held = cards.get(nid);
  if (!held) return;
  clearTimeout(held.timer);
  held.card.remove();
  cards.delete(nid);
}

/** Takes all away. */
export function dropToasts() {
  for (const nid of [...cards.keys()]) dropToast(nid);
}
