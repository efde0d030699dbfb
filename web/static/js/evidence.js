// What the pages of one browser know of whether somebody sits before it, and what
// is said of that to the server. Pure: no DOM, no clock.

export const hiddenAfter = 30000; // ms; a page hidden for longer is nobody's

/**
 * One page's part.
 * @typedef {{input: number, hidden: number, kiosk: boolean}} Seat
 *   input: when it was last touched; hidden: since when nobody sees it, 0: visible
 */

/**
 * Puts the pages of this browser together: one person, one device. The first
 * evidence that answers wins.
 * @param {Seat[]} seats
 * @param {{locked: boolean, idle: {user?: string, screen?: string}, idleAfter: number}} more
 * @param {number} now
 */
export function conclude(seats, { locked, idle, idleAfter }, now) {
  const people = seats.filter((seat) => !seat.kiosk);
  const seen = people.some((seat) => seat.hidden === 0);
  const since = (times) => Math.max(0, Math.round(now - Math.max(0, ...times)));
  const state = {
    active: false,
    client: locked ? 'locked' : 'open',
    input_age_ms: since(people.map((seat) => seat.input)),
    ...(idle.screen && { screen: idle.screen }),
    ...(idle.user && { user: idle.user }),
    ...(!seen && people.length > 0 && { hidden_ms: Math.max(1, since(people.map((seat) => seat.hidden))) }),
    ...(people.length === 0 && { kiosk: true }),
  };
  return { ...state, active: judge(state, idleAfter) };
}

function judge(state, idleAfter) {
  if (state.kiosk || state.client === 'locked' || state.screen === 'locked') return false;
  if (state.user) return state.user === 'active';
  if ((state.hidden_ms ?? 0) >= hiddenAfter) return false;
  return state.input_age_ms <= idleAfter;
}

/** Whether two reports differ in more than in how much time has passed. */
export function differs(a, b) {
  return !a || ['active', 'screen', 'client', 'user', 'kiosk'].some((name) => a[name] !== b[name])
    || (a.hidden_ms === undefined) !== (b.hidden_ms === undefined);
}
