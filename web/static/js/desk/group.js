// Messages that are marked, to be decided together.

import { t } from '../texts.js';

const group = document.getElementById('group');
const words = group.querySelector('[data-part=marked]');

/** Shows the steps on the marked messages while there are any. */
export function showGroup() {
  const n = document.querySelectorAll('.q-mark input:checked').length;
  group.classList.toggle('on', n > 0);
  words.textContent = n > 0 ? `${t('queue.marked')} ${n}` : '';
}
