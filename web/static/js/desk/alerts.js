// "Alert me": this browser is told when something needs a human.
import { ready } from './desk.js';
import { post } from './post.js';
import { t } from '../texts.js';
import { deskWorkerURL } from '../trusted.js';

const part = document.getElementById('alerts');
const button = part?.querySelector('button');
const words = part?.querySelector('[role=status]');
const patience = 10000; // ms: without a push service a browser never answers

const registered = () => navigator.serviceWorker.getRegistration('/desk/');

async function current() {
  return (await registered())?.pushManager?.getSubscription() ?? null;
}

// texts: alerts.on alerts.off alerts.denied alerts.failed alerts.do alerts.undo
async function show(key) {
  words.textContent = t(key ?? ((await current()) ? 'alerts.on' : 'alerts.off'));
  button.textContent = t((await current()) ? 'alerts.undo' : 'alerts.do');
}

function within(promise) {
  return Promise.race([promise, new Promise((_, fail) => { setTimeout(() => fail(new Error('late')), patience); })]);
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== 'granted') return 'alerts.denied';
  await navigator.serviceWorker.register(deskWorkerURL(), { scope: '/desk/' });
  const registration = await within(navigator.serviceWorker.ready);
  const { key } = await (await fetch('/desk/me/alerts', { headers: { Accept: 'application/json' }, cache: 'no-store' })).json();
  const binary = atob(key.replaceAll('-', '+').replaceAll('_', '/'));
  const applicationServerKey = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  const subscription = await within(registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
  await post('/desk/me/alerts', { subscription: JSON.stringify(subscription.toJSON()) });
  return null;
}

async function turnOff(subscription) {
  await post('/desk/me/alerts', { subscription: JSON.stringify(subscription.toJSON()), off: '1' });
  await subscription.unsubscribe();
  return null;
}

async function turn() {
  button.disabled = true;
  let said = null;
  try {
    const subscription = await current();
    said = subscription ? await turnOff(subscription) : await turnOn();
  } catch {
    said = 'alerts.failed';
  }
  await show(said);
  button.disabled = false;
}

if (part && 'serviceWorker' in navigator && 'PushManager' in globalThis) {
  await ready;
  part.hidden = false;
  await show();
  button.addEventListener('click', turn);
}
