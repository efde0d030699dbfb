// What every page of the desk has: copy buttons, and times as this place has them.
import { loadTexts, t } from '../texts.js';

const desk = document.getElementById('desk');

/** Resolves when texts can be used. */
export const ready = loadTexts(desk.dataset.texts);

/** The account of this page. */
export const slug = desk.dataset.slug;

for (const button of document.querySelectorAll('[data-copy]')) {
  const from = button.parentElement.querySelector('[data-copy-from]');
  ready.then(() => button.setAttribute('aria-label', t('desk.copy')));
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(from.textContent);
      button.dataset.done = t('desk.copied');
      setTimeout(() => delete button.dataset.done, 2000);
    } catch {
      getSelection().selectAllChildren(from); // no clipboard: the words are marked, to be copied by hand
    }
  });
}

/** Writes a time in this place's zone; the server knows only UTC. */
export function localTime(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  element.textContent = at.toLocaleString(desk.dataset.lang, { dateStyle: 'short', timeStyle: 'medium' });
}

for (const element of document.querySelectorAll('time[datetime]')) localTime(element);
