// The last tap can be taken back: for ten seconds in place, later by its key.

import { t } from '../texts.js';

const toast = document.getElementById('toast');
const did = toast.querySelector('[data-part=did]');
const left = toast.querySelector('[data-part=left]');
const button = toast.querySelector('[data-part=undo]');
const stay = 10; // seconds

let last = null; // {batch, back}
let timer = 0;

function count(seconds) {
  left.textContent = String(seconds);
  clearTimeout(timer);
  if (seconds <= 0) {
    toast.hidden = true;
    return;
  }
  timer = setTimeout(() => count(seconds - 1), 1000);
}

/** Offers to take a tap back; back is called when somebody does. */
export function offerUndo(action, n, back) {
  last = back;
  did.textContent = t(`queue.did.${action}`, { n });
  toast.hidden = false;
  count(stay);
}

/** Takes the last tap back, once. */
export function undoLast() {
  const back = last;
  last = null;
  toast.hidden = true;
  clearTimeout(timer);
  back?.();
}

button.addEventListener('click', undoLast);
