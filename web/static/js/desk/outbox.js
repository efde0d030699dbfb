// Decisions on their way. One that was taken is sent until the server has it: each
// carries a name, and the server does the same name once.

import { t } from '../texts.js';
import { post, Refused } from './post.js';

const waits = [500, 1000, 2000, 4000, 8000]; // ms until the next try

/** A name for one tap. */
export function tapName() {
  return crypto.randomUUID();
}

let unsent = 0;
let tell = () => {};

/** fn hears how many decisions failed to reach the server and are tried again. */
export function onUnsent(fn) {
  tell = fn;
}

/**
 * Sends fields until there is an answer.
 * @throws {Refused} where the answer was no
 */
export async function send(path, fields) {
  let counted = false;
  try {
    for (let n = 0; ; n++) {
      try {
        return await post(path, fields);
      } catch (error) {
        if (!(error instanceof Refused) || !again(error.status)) throw error;
        if (!counted) {
          counted = true;
          tell(++unsent);
        }
        await new Promise((done) => { setTimeout(done, waits[Math.min(n, waits.length - 1)]); });
      }
    }
  } finally {
    if (counted) tell(--unsent);
  }
}

const again = (status) => status === 0 || status === 429 || status >= 500;

/** What a refusal says to the moderator. */
export function reason(error) {
  return error instanceof Refused ? error.message : t('desk.failed');
}
