// One player at a time, and the voices that arrive while the sound is on, one
// after the other.

const waiting = []; // boxes of voices that want to be heard
let armed = false;
let silent = false;

// Whatever starts, the others stop.
document.addEventListener('play', (event) => {
  if (silent) stopAll();
  for (const other of document.querySelectorAll('audio, video')) {
    if (other !== event.target && !other.paused) other.pause();
  }
}, true);

// Media events do not bubble, but they can be caught on their way down.
for (const end of ['ended', 'pause']) document.addEventListener(end, () => queueMicrotask(goOn), true);

/** Turns on or off that arriving voices are heard. */
export function arm(on) {
  armed = on;
  if (!on) waiting.length = 0;
}

/** Stops all sound at once, and lets none begin; or lets it again. */
export function silence(on) {
  silent = on;
  if (!on) return;
  waiting.length = 0;
  stopAll();
}

function stopAll() {
  for (const player of document.querySelectorAll('audio, video')) player.pause();
}

/** Whether arriving voices are heard. */
export const hears = () => armed && !silent;

/** Hands in a voice that has just arrived. */
export function hear(box) {
  if (!hears()) return;
  waiting.push(box);
  goOn();
}

function busy() {
  return [...document.querySelectorAll('audio, video')].some((m) => !m.paused && !m.ended)
    || document.querySelector('.voice.waiting') !== null;
}

/** Plays the next voice that waits, unless something sounds. */
export function goOn() {
  while (waiting.length > 0 && !busy()) {
    const box = waiting.shift();
    if (box.isConnected) box.querySelector('.pill')?.click();
  }
}
