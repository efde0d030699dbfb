// One player at a time, and the voices that arrive while the sound is on, one
// after the other.

const waiting = []; // boxes of voices that want to be heard
let armed = false;

// Whatever starts, the others stop.
document.addEventListener('play', (event) => {
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

/** Hands in a voice that has just arrived. */
export function hear(box) {
  if (!armed) return;
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
