// The dialog in which a viewer is bound to a follower: a code for WeChat, the wait
// for the follower's yes, and the question whether that is who sits here.

import { Refused, ask, address, serverNow } from './api.js';
import { askPermission, permission, register } from './device.js';
import { recall, remember } from './memory.js';
import { t } from './texts.js';

const dialog = document.getElementById('bind');
const between = 2000; // ms from one look at the binding to the next
const part = (name) => dialog.querySelector(`[data-part=${name}]`);

let slug = '';
let who = ''; // the follower who said yes
let bound = () => {};
let round = 0; // every step forward ends what an earlier one still waits for
let expires = 0; // ms by the server's clock
let ticking = 0;
let looking = 0;

/** Opens the dialog. back is called with the follower's name once both agreed. */
export function openBinding(account, back) {
  slug = account;
  bound = back;
  if (!dialog.open) dialog.showModal();
  start();
}

/** Goes on with a binding that was begun before the page was loaded anew, where
 *  the follower has said yes meanwhile. */
export async function resumeBinding(account, back) {
  const state = await ask(account, 'GET', 'me/binding').catch(() => null);
  if (state?.state !== 'confirm') return;
  slug = account;
  bound = back;
  dialog.showModal();
  question(state.name);
}

function view(name) {
  round += 1;
  clearInterval(ticking);
  clearTimeout(looking);
  dialog.dataset.view = name;
  for (const section of dialog.querySelectorAll('[data-view]')) section.hidden = section.dataset.view !== name;
  dialog.querySelector(`section[data-view=${name}] [data-first]`)?.focus();
}

async function start() {
  view('wait');
  const mine = round;
  try {
    const binding = await newBinding();
    if (mine === round) showCode(binding);
  } catch (error) {
    if (mine === round) fail(error);
  }
}

// A browser that was a viewer before asks as the same one; only who is none yet is
// made one, and gets the cookie.
async function newBinding() {
  if (recall(slug, 'viewer').known) {
    try {
      return await ask(slug, 'POST', 'me/binding');
    } catch (error) {
      if (![400, 401, 404].includes(error.status)) throw error;
    }
  }
  await ask(slug, 'POST', 'viewers', { body: { account: slug } });
  remember(slug, 'viewer', { known: true });
  return ask(slug, 'POST', 'me/binding');
}

function showCode({ code, expires_at: until, qr }) {
  expires = Date.parse(until);
  remember(slug, 'viewer', { asking: expires });
  part('code').replaceChildren(...[code.slice(0, 4), code.slice(4)].map((half) => {
    const group = document.createElement('span');
    group.textContent = half;
    return group;
  }));
  part('code').dataset.code = code;
  const picture = part('qr');
  picture.hidden = !qr;
  if (qr) picture.src = address(slug, 'me/binding/qr.svg', { v: expires }); // another code, another address
  dialog.classList.toggle('with-qr', Boolean(qr));
  part('said').textContent = t(qr ? 'bind.how.qr' : 'bind.how', { name: dialog.dataset.name });
  part('copy').hidden = !navigator.clipboard;
  part('copied').textContent = '';
  view('code');
  ticking = setInterval(tick, 250);
  tick();
  lookLater();
}

function tick() {
  const left = Math.max(0, Math.ceil((expires - serverNow()) / 1000));
  part('left').textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  part('left').classList.toggle('soon', left <= 30);
  if (left === 0) expired();
}

function expired() {
  remember(slug, 'viewer', { asking: undefined });
  part('code').replaceChildren();
  part('qr').removeAttribute('src');
  view('expired');
}

function lookLater(wait = between) {
  clearTimeout(looking);
  looking = setTimeout(look, wait);
}

// Whoever comes back from WeChat to this page need not wait.
for (const [target, event] of [[window, 'focus'], [document, 'visibilitychange']]) {
  target.addEventListener(event, () => {
    if (dialog.open && dialog.dataset.view === 'code' && document.visibilityState === 'visible') look();
  });
}

async function look() {
  clearTimeout(looking);
  const mine = round;
  let wait = between;
  try {
    const { state, name } = await ask(slug, 'GET', 'me/binding');
    if (mine !== round) return;
    if (state === 'confirm') return question(name);
    if (state === 'bound') return agreed(name);
    if (state === 'none') return expired();
  } catch (error) {
    if (mine !== round) return;
    if ([401, 404].includes(error.status)) return fail(error);
    wait = Math.max(between, 1000 * (error.wait ?? 0)); // anything else may pass
  }
  lookLater(wait);
}

function question(name) {
  remember(slug, 'viewer', { asking: undefined });
  who = name;
  part('question').textContent = t('bind.question', { name });
  view('confirm');
}

async function confirm() {
  view('wait');
  const mine = round;
  try {
    await ask(slug, 'POST', 'me/binding/confirm');
    if (mine === round) await agreed(who);
  } catch (error) {
    if (error.status === 409) expired();
    else fail(error);
  }
}

async function agreed(name) {
  who = name;
  remember(slug, 'viewer', { known: true, bound: true, asking: undefined });
  await register(slug).catch(() => {}); // the page tries again by itself
  bound(name);
  done();
}

function done() {
  part('hello').textContent = t('bind.done', { name: who });
  const asked = permission();
  part('why').textContent = t(`bind.permission.${asked}`);
  part('allow').hidden = asked !== 'default';
  part('later').textContent = t(asked === 'default' ? 'bind.later' : 'bind.good');
  view('done');
}

async function allow() {
  const mine = round;
  part('allow').hidden = true;
  if (await askPermission() === 'granted') {
    part('why').textContent = t('bind.wait');
    await register(slug).catch(() => {}); // its open pages reach it all the same
    bound(who);
  }
  if (mine === round) done();
}

// The follower said yes in WeChat, the browser says no: nothing is left of it.
async function refuse() {
  view('refused');
  remember(slug, 'viewer', { asking: undefined });
  await ask(slug, 'DELETE', 'me/binding').catch(() => {});
}

function fail(error) {
  const busy = error instanceof Refused && error.status === 429;
  part('failure').textContent = busy ? t('bind.busy', { n: Math.max(1, Math.ceil(error.wait / 60)) }) : t('bind.failed');
  view('failed');
}

async function copy() {
  try {
    await navigator.clipboard.writeText(part('code').dataset.code);
    part('copied').textContent = t('bind.copied');
  } catch {
    part('copy').hidden = true;
  }
}

for (const button of dialog.querySelectorAll('[data-do]')) {
  const what = { confirm, refuse, allow, copy, again: start, close: () => dialog.close() }[button.dataset.do];
  button.addEventListener('click', () => what());
}

dialog.addEventListener('close', () => {
  round += 1;
  clearInterval(ticking);
  clearTimeout(looking);
});
