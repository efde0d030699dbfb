// What this browser remembers about its viewer of a wall, by what: flags and public
// ids, the lock, what was being written. The secret that makes it a viewer is a
// cookie, which no script can read.

const here = new Map(); // where the browser refuses to store, for as long as the page lives
const nameOf = (slug, what) => `callbackd.${what}.${slug}`;

/** Returns what is remembered; {} where nothing is. */
export function recall(slug, what) {
  const name = nameOf(slug, what);
  try {
    return JSON.parse(localStorage.getItem(name) ?? here.get(name) ?? '{}') ?? {};
  } catch {
    return JSON.parse(here.get(name) ?? '{}');
  }
}

/** Adds to what is remembered; a value of undefined takes its name away. */
export function remember(slug, what, more) {
  write(nameOf(slug, what), JSON.stringify({ ...recall(slug, what), ...more }));
}

/** Forgets. */
export function forget(slug, what) {
  const name = nameOf(slug, what);
  here.delete(name);
  try {
    localStorage.removeItem(name);
  } catch {
    // then it was never there
  }
}

/** Calls back when another page of this browser changes what is remembered. */
export function onMemory(slug, what, back) {
  addEventListener('storage', ({ key }) => {
    if (key === nameOf(slug, what) || key === null) back(recall(slug, what));
  });
}

function write(name, text) {
  try {
    localStorage.setItem(name, text);
    here.delete(name);
  } catch {
    here.set(name, text);
  }
}
