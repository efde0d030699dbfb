// The room: figures, the wall's stage, the panic key.
import { ready, slug } from './desk.js';
import { post } from './post.js';
import { watch } from './stream.js';
import { t } from '../texts.js';

const room = document.getElementById('room');
const control = document.getElementById('control');
const form = control.querySelector('form');

watch('room', (state) => {
  for (const part of room.querySelectorAll('[data-part]')) part.textContent = state[part.dataset.part] ?? 0;
  showStage(state.stage);
});

// texts: control.open control.paused control.panic control.draft control.ended
async function showStage({ state, event, screens }) {
  await ready;
  const part = (name) => control.querySelector(`[data-part=${name}]`);
  control.dataset.state = state;
  part('state').textContent = t(`control.${state}`);
  part('event').textContent = event;
  part('screens').textContent = `${screens.painted} / ${screens.all}`;
  part('behind').textContent = screens.behind.join(', ');
}

// One tap, without a new page.
form.addEventListener('submit', (event) => {
  event.preventDefault();
  take(event.submitter?.value);
});

addEventListener('keydown', (event) => {
  const writes = event.target.closest?.('input, textarea, select, [contenteditable]');
  if (event.code !== 'KeyP' || !event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || writes || event.repeat) return;
  event.preventDefault();
  take('panic');
});

async function take(step) {
  if (!step) return;
  try {
    await post(`/desk/${slug}/control`, { do: step });
  } catch {
    const again = document.createElement('input'); // as without scripts: the answer is a page
    again.type = 'hidden';
    again.name = 'do';
    again.value = step;
    form.append(again);
    form.submit();
  }
}
