import { watch } from './stream.js';

const room = document.getElementById('room');

watch('room', (state) => {
  for (const part of room.querySelectorAll('[data-part]')) part.textContent = state[part.dataset.part] ?? 0;
});
