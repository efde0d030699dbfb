// The choices of a follower: each is saved when it is made, one after the other,
// and what could not be saved goes back to what the server has.

import { ask } from './api.js';
import { t } from './texts.js';

const form = document.getElementById('choices');
const line = form.parentElement.querySelector('[data-part=saved]');
const fields = form.elements;
const idle = [30, 60, 120, 300, 600, 900]; // seconds

let slug = '';
let changed = () => {};
let saved = {};
let queue = Promise.resolve();

/** Reads and shows the choices; back is called with them after each that was saved. */
export async function showChoices(account, back) {
  slug = account;
  changed = back;
  fillSelects();
  saved = await ask(slug, 'GET', 'me/preferences');
  paint();
  form.addEventListener('change', ({ target }) => save(choice(target)));
  form.addEventListener('submit', (event) => event.preventDefault());
}

function fillSelects() {
  for (const seconds of idle) {
    const text = seconds < 60 ? t('me.seconds', { n: seconds }) : t('me.minutes', { n: seconds / 60 });
    fields.idle_after_s.append(new Option(text, seconds));
  }
  for (const zone of Intl.supportedValuesOf?.('timeZone') ?? []) fields.zone.append(new Option(zone));
}

function paint() {
  const { receive, detail, quiet, phone_too: phone, idle_after_s: seconds } = saved;
  fields.receive.checked = receive;
  fields.phone_too.checked = phone;
  fields.details.checked = detail > 0;
  for (const radio of fields.detail) radio.checked = Number(radio.value) === Math.max(1, detail);
  form.querySelector('[data-part=detail]').hidden = detail === 0;
  fields.quiet.checked = Boolean(quiet);
  form.querySelector('[data-part=quiet]').hidden = !quiet;
  const shown = quiet ?? usual();
  fields.from.value = shown.from;
  fields.to.value = shown.to;
  pick(fields.zone, shown.zone, shown.zone);
  fields.mentions_pass.checked = shown.mentions_pass;
  pick(fields.idle_after_s, String(seconds), t('me.seconds', { n: seconds }));
}

const usual = () => ({ from: '22:00', to: '08:00', zone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'Asia/Shanghai', mentions_pass: true });

// A value that was set elsewhere may not be among those offered here.
function pick(select, value, text) {
  if (![...select.options].some((option) => option.value === value)) select.append(new Option(text, value));
  select.value = value;
}

// What a field changes.
function choice({ name }) {
  switch (name) {
    case 'receive':
    case 'phone_too': return { [name]: fields[name].checked };
    case 'details': return { detail: fields.details.checked ? 1 : 0 };
    case 'detail': return { detail: Number(fields.detail.value) };
    case 'idle_after_s': return { idle_after_s: Number(fields.idle_after_s.value) };
    case 'quiet': return { quiet: fields.quiet.checked ? quiet() : null };
    default: return fields.from.value && fields.to.value ? { quiet: quiet() } : null;
  }
}

function quiet() {
  return { from: fields.from.value, to: fields.to.value, zone: fields.zone.value, mentions_pass: fields.mentions_pass.checked };
}

function save(change) {
  if (!change) return;
  line.textContent = t('me.saving');
  queue = queue.then(async () => {
    try {
      const answer = await ask(slug, 'PATCH', 'me/preferences', { body: change });
      saved = { ...saved, ...change, ...answer };
      if (change.quiet === null) delete saved.quiet;
      line.textContent = t('me.saved');
      line.classList.remove('alert');
      changed(saved);
    } catch {
      line.textContent = t('me.not');
      line.classList.add('alert');
    }
    paint();
  });
}
