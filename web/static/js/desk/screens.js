// The open pages of the wall, live.
import { ready } from './desk.js';
import { watch } from './stream.js';
import { t } from '../texts.js';

const list = document.getElementById('screens');

watch('screens', async (state) => {
  await ready;
  document.getElementById('count').textContent = `${state.painted} / ${state.all}`;
  document.getElementById('none').hidden = state.list.length > 0;
  list.replaceChildren(...state.list.map(row));
});

function row(screen) {
  const line = document.createElement('li');
  line.className = 'row-line';
  const words = document.createElement('div');
  words.className = 'row-words';
  const name = document.createElement('strong');
  name.dir = 'auto';
  name.textContent = screen.name;
  const facts = document.createElement('span');
  facts.className = 'quiet-line';
  facts.textContent = [`${screen.width} × ${screen.height}`, `#${screen.seq}`, t(screen.sound ? 'screens.sound' : 'screens.silent'),
    ...(screen.visible ? [] : [t('screens.hidden')])].join(' · ');
  words.append(name, facts);
  const mark = document.createElement('span');
  mark.className = screen.painted ? 'mark' : 'mark behind';
  mark.textContent = t(screen.painted ? 'screens.painted' : 'screens.behind');
  line.append(words, mark);
  return line;
}
