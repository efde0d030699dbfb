// What a page of the desk asks the server to do.

import { t } from '../texts.js';

const csrf = document.querySelector('meta[name="csrf"]').content;
const patience = 15000; // ms for one answer

/** An answer that was no success; status 0: there was none. */
export class Refused extends Error {
  constructor(status, text, body) {
    super(text);
    this.status = status;
    this.body = body;
  }
}

/**
 * Posts fields as a form does and returns the JSON of the answer.
 * @throws {Refused}
 */
export async function post(path, fields = {}) {
  let answer;
  let body = null;
  try {
    answer = await fetch(path, {
      method: 'POST',
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
      headers: { Accept: 'application/json', 'X-CSRF': csrf },
      body: new URLSearchParams(fields),
    });
    const text = await answer.text();
    body = text ? JSON.parse(text) : null;
  } catch {
    throw new Refused(answer?.status ?? 0, t('desk.failed'), null);
  }
  if (!answer.ok) throw new Refused(answer.status, body?.error ?? t('desk.failed'), body);
  return body;
}
