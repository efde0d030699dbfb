// Our own lock: while it is on, this browser shows no words of notices and counts
// as left alone. A PIN, where somebody wants one, is kept here alone, as a hash
// that is slow to guess. It keeps out who sits down at the desk, not who can read
// the disk.

import { forget, recall, remember } from './memory.js';

const rounds = 300000;
const bits = 256;

/** Whether a PIN can be kept at all: hashing needs a secure page. */
export const canHash = Boolean(globalThis.crypto?.subtle);

/** Locks this browser; pin may be empty. */
export async function lock(slug, pin) {
  const secret = pin && canHash ? await hashed(pin, crypto.getRandomValues(new Uint8Array(16))) : {};
  remember(slug, 'lock', { locked: true, ...secret });
}

/** Unlocks it; false where the PIN is another. */
export async function unlock(slug, pin) {
  const { salt, hash } = recall(slug, 'lock');
  if (hash && (await hashed(pin, fromHex(salt))).hash !== hash) return false;
  forget(slug, 'lock');
  return true;
}

/** Gives life to the lock screens of the page; changed is called after each lock and
 *  unlock that happens here, forgotten where somebody does not know the PIN. */
export function lockable(slug, { changed, forgotten }) {
  for (const screen of document.querySelectorAll('.lock-screen')) {
    const pin = screen.querySelector('[data-part=pin]');
    const wrong = screen.querySelector('[data-part=wrong]');
    screen.querySelector('form').addEventListener('submit', async (event) => {
      event.preventDefault();
      wrong.hidden = await unlock(slug, pin.value);
      pin.value = '';
      if (wrong.hidden) changed();
      else pin.focus();
    });
    screen.querySelector('[data-do=forgot]').addEventListener('click', forgotten);
  }
}

/** Shows the lock screens, or what they hide. */
export function showLock(slug) {
  const { locked = false, hash } = recall(slug, 'lock');
  for (const screen of document.querySelectorAll('.lock-screen')) {
    screen.hidden = !locked;
    screen.querySelector('[data-part=pin-field]').hidden = !hash;
    screen.querySelector('[data-do=forgot]').hidden = !hash;
    screen.querySelector('[data-part=wrong]').hidden = true;
  }
  for (const part of document.querySelectorAll('[data-when=unlocked]')) part.hidden = locked;
  return locked;
}

async function hashed(pin, salt) {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveBits']);
  const out = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }, key, bits);
  return { salt: toHex(salt), hash: toHex(new Uint8Array(out)) };
}

const toHex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
