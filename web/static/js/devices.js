// The devices of a follower, and what this browser may still be allowed to do.

import { ask } from './api.js';
import { askPermission, permission, register, retire } from './device.js';
import { recall, remember } from './memory.js';
import { t } from './texts.js';

const box = document.getElementById('devices');
const list = box.querySelector('[data-part=list]');
const said = box.querySelector('[data-part=said]');

const patience = 5000; // ms

let viewer = null;

/** Shows the devices of a viewer. */
export function showDevices(of) {
  viewer = of;
  box.addEventListener('click', ({ target }) => act(target.closest('[data-do]')));
  box.querySelector('[name=idle]').addEventListener('change', ({ target }) => watchMachine(target));
  return refresh();
}

/** Reads them again. */
export async function refresh() {
  offer();
  const answer = await ask(viewer.slug, 'GET', 'me/devices').catch(() => null);
  if (!answer) {
    say('device.failed', true);
    return;
  }
  for (const old of list.querySelectorAll('li')) old.remove();
  for (const device of answer.devices) list.append(rowOf(device));
}

function rowOf({ device, class: kind, provider, name }) {
  const row = list.querySelector('template').content.firstElementChild.cloneNode(true);
  const here = device === recall(viewer.slug, 'viewer').device;
  row.dataset.device = device;
  row.dataset.class = kind;
  row.toggleAttribute('data-here', here);
  row.querySelector('[data-part=name]').textContent = name || t(kind === 'phone' ? 'device.phone' : 'device.computer');
  row.querySelector('[data-part=how]').textContent = [here && t('device.this'), t(provider ? 'device.vendor' : 'device.page')].filter(Boolean).join(' · ');
  return row;
}

// What is still to be had here, and may be asked for after a click.
function offer() {
  const { off, device, idle } = recall(viewer.slug, 'viewer');
  const part = (name) => box.querySelector(`[data-part=${name}]`);
  const registered = Boolean(device) && !off;
  part('here').hidden = registered;
  part('allow').hidden = !registered || permission() !== 'default';
  part('denied').hidden = !registered || permission() !== 'denied';
  part('idle').hidden = !registered || !('IdleDetector' in globalThis);
  box.querySelector('[name=idle]').checked = Boolean(idle);
}

async function act(button) {
  if (!button || button.disabled) return;
  const id = button.closest('li')?.dataset.device;
  button.disabled = true;
  try {
    if (button.dataset.do === 'test') await test(id);
    else if (button.dataset.do === 'remove') await remove(id);
    else if (button.dataset.do === 'here') await here();
    else await allow();
  } catch (error) {
    say(error.status === 429 ? 'device.busy' : 'device.failed', true);
  }
  button.disabled = false;
}

// A test of this browser waits until the browser hears.
async function test(id) {
  if (id === viewer.device) await Promise.race([viewer.heard, new Promise((done) => { setTimeout(done, patience); })]);
  await ask(viewer.slug, 'POST', `me/devices/${encodeURIComponent(id)}/test`);
  say('device.tested');
}

async function remove(id) {
  const here = id === recall(viewer.slug, 'viewer').device;
  if (here) await retire(viewer.slug);
  await ask(viewer.slug, 'DELETE', `me/devices/${encodeURIComponent(id)}`);
  if (here) viewer.useDevice();
  say('device.removed');
  await refresh();
}

async function here() {
  remember(viewer.slug, 'viewer', { off: undefined });
  await viewer.useDevice();
  await refresh();
}

async function allow() {
  if (await askPermission() === 'granted') {
    await register(viewer.slug);
    await viewer.useDevice();
  }
  await refresh();
}

// Whether the whole machine is left alone: Chromium tells it after a click.
async function watchMachine(box) {
  let allowed = box.checked;
  try {
    allowed &&= await IdleDetector.requestPermission() === 'granted';
  } catch {
    allowed = false;
  }
  if (box.checked && !allowed) say('device.idle.denied', true);
  box.checked = allowed;
  remember(viewer.slug, 'viewer', { idle: allowed || undefined });
  viewer.presence.watchMachine();
}

function say(key, alert = false) {
  said.textContent = t(key);
  said.classList.toggle('alert', alert);
}
