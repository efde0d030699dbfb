// The line that says how the page stands to the server, and the sound's switch.

import { arm } from './player.js';
import { t } from './texts.js';

const line = document.getElementById('state');
const sound = document.getElementById('sound');
const settle = 600; // ms; what passes sooner is not worth a word
let timer = 0;

/** Says 'live', 'behind' or 'offline'. */
export function showState(state) {
  clearTimeout(timer);
  if (state === 'live') say(state);
  else timer = setTimeout(() => say(state), settle);
}

function say(state) {
  line.hidden = false;
  line.dataset.state = state;
  line.querySelector('.label').textContent = t(`state.${state}`);
}

/** Shows the switch: browsers let a page be heard only after a click. */
export function offerSound() {
  sound.hidden = false;
  sound.addEventListener('click', () => {
    const on = sound.getAttribute('aria-pressed') !== 'true';
    sound.setAttribute('aria-pressed', String(on));
    sound.querySelector('.label').textContent = t(on ? 'sound.on' : 'sound.off');
    arm(on);
  });
}
