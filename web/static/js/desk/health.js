// How an account does, live. The page of all accounts is read again now and then.
import { slug } from './desk.js';
import { watch } from './stream.js';

const again = 30_000; // ms

if (slug) {
  watch('health', show);
} else {
  setInterval(() => {
    if (!document.hidden) location.reload();
  }, again);
}

function show(state) {
  for (const element of document.querySelectorAll('[data-figure]')) element.textContent = state.figures[element.dataset.figure] ?? '';
  for (const path of document.querySelectorAll('[data-path]')) path.setAttribute('d', state.paths[path.dataset.path] ?? '');
  document.getElementById('well').hidden = state.alarms.length > 0;
  showAlarms(state.alarms);
}

// What is said already stays where it is: only what is new is read aloud.
function showAlarms(alarms) {
  const list = document.getElementById('alarms');
  const before = [...list.children];
  const same = before.length === alarms.length && before.every((line, i) => line.textContent.includes(alarms[i].text));
  if (!same) list.replaceChildren(...alarms.map(line));
  alarms.forEach((alarm, i) => {
    const time = list.children[i].querySelector('.for');
    if (time.textContent !== alarm.for) time.textContent = alarm.for;
  });
}

function line(alarm) {
  const element = document.createElement('li');
  const words = document.createElement('span');
  const text = document.createElement(alarm.path ? 'a' : 'span');
  if (alarm.path) text.href = alarm.path;
  text.textContent = alarm.text;
  const time = document.createElement('span');
  time.className = 'for';
  time.setAttribute('aria-live', 'off');
  words.append(text, ' ', time);
  element.append(document.getElementById('alarm-icon').content.cloneNode(true), words);
  return element;
}
