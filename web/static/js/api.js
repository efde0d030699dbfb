// The API of viewers. Who asks is known by the cookie that the server gave this
// browser; the account is named each time, since a browser may know several.

const patience = 15000; // ms for one answer

let skew = 0; // ms that the server's clock is ahead of ours

/** An answer that was no success. status 0: there was none. */
export class Refused extends Error {
  /** @param {number} status @param {number} [wait] seconds until it may be tried again */
  constructor(status, wait = 0) {
    super(`refused: ${status}`);
    this.status = status;
    this.wait = wait;
  }
}

/** The time by the server's clock, in ms. */
export function serverNow() {
  return Date.now() + skew;
}

/** The address of an endpoint for an account. */
export function address(slug, path, query = {}) {
  return `/api/v1/${path}?${new URLSearchParams({ account: slug, ...query })}`;
}

/**
 * Asks an endpoint and returns its JSON; null where there is none. What is asked
 * again with the same once is done one time.
 * @throws {Refused}
 */
export async function ask(slug, method, path, { body, query, once } = {}) {
  let answer;
  let text;
  try {
    answer = await fetch(address(slug, path, query), {
      method,
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(patience),
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(once && { 'Idempotency-Key': once }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await answer.text();
  } catch {
    throw new Refused(0);
  }
  const date = Date.parse(answer.headers.get('Date') ?? '');
  if (date) skew = date + 500 - Date.now(); // it comes in whole seconds
  if (!answer.ok) throw new Refused(answer.status, Number(answer.headers.get('Retry-After')) || 0);
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    throw new Refused(0); // a proxy's page, not our server's answer
  }
}
