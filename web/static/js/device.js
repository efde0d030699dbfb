// This browser as a device of its follower: what it is, how it is registered, and
// its subscription to the browser's own push service.

import { Refused, ask } from './api.js';
import { forget, recall, remember } from './memory.js';
import { serviceURL } from './trusted.js';

const limit = 15000; // ms; a browser without a push service never answers

/** Whether notifications of the system are 'granted', 'denied', 'default' (not
 *  asked yet), or 'missing' as in WeChat's own browser. */
export function permission() {
  if (!('Notification' in globalThis) || !('serviceWorker' in navigator)) return 'missing';
  return Notification.permission;
}

/** Asks for notifications; only ever after a click. */
export async function askPermission() {
  if (permission() !== 'default') return permission();
  await Notification.requestPermission();
  return permission();
}

/** computer or phone: hints of the browser, chosen once, when it registers. */
export function classOf(agent = navigator.userAgent, hints = navigator.userAgentData, coarse = matchMedia('(pointer: coarse)').matches) {
  if (hints?.mobile) return 'phone';
  if (/Mobi|Android|iPhone|iPod|iPad/i.test(agent)) return 'phone';
  return coarse && /Macintosh/.test(agent) ? 'phone' : 'computer'; // an iPad that says it is a Mac
}

const browsers = [[/MicroMessenger/, '微信 WeChat'], [/Edg\w*\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\/|FxiOS/, 'Firefox'],
  [/SamsungBrowser/, 'Samsung Internet'], [/HuaweiBrowser/, 'Huawei'], [/Chrome\/|CriOS/, 'Chrome'], [/Safari\//, 'Safari']];
const systems = [[/iPhone|iPod/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/OpenHarmony|HarmonyOS/, 'HarmonyOS'],
  [/Windows/, 'Windows'], [/Macintosh/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];

/** What its follower reads in the list of devices. */
export function nameOf(agent = navigator.userAgent) {
  const first = (list) => list.find(([pattern]) => pattern.test(agent))?.[1];
  return [first(browsers) ?? 'Browser', first(systems)].filter(Boolean).join(' · ');
}

/** Registers this browser, and returns the id of its device. Where notifications
 *  are allowed and the browser has a push service, it can be reached without an
 *  open page; else by its open pages alone. The device that it was before goes. */
export async function register(slug) {
  const before = recall(slug, 'viewer').device;
  const subscription = await subscribe(slug).catch(() => null);
  const body = { class: classOf(), name: nameOf(), ...(subscription && { provider: 'webpush', subscription }) };
  let answer;
  try {
    answer = await ask(slug, 'POST', 'me/devices', { body });
  } catch (error) {
    if (!subscription || !(error instanceof Refused) || error.status < 400 || error.status >= 500) throw error;
    delete body.provider; // the server takes no such subscription
    delete body.subscription;
    await unsubscribe(slug);
    answer = await ask(slug, 'POST', 'me/devices', { body });
  }
  const { device } = answer;
  const push = body.provider ? subscription.endpoint : undefined;
  remember(slug, 'viewer', { device, push });
  await tellWorker(slug, { device, push, class: body.class, name: body.name });
  if (before && before !== device) await ask(slug, 'DELETE', `me/devices/${before}`).catch(() => {});
  return device;
}

/** Returns the id of this browser's device, registering it anew where it has none
 *  or where its push subscription is another than the one that was registered. */
export async function device(slug) {
  const id = await known(slug);
  return id && !await lapsed(slug) ? id : register(slug);
}

/** The id of this browser's device, as far as it knows: the worker may have
 *  registered anew by itself. */
export async function known(slug) {
  const kept = await readWorker(slug);
  if (kept?.device) remember(slug, 'viewer', { device: kept.device, push: kept.push });
  return recall(slug, 'viewer').device ?? '';
}

/** Whether the push subscription is another than the one that was registered: it
 *  ended, or the permission was taken back. */
export async function lapsed(slug) {
  const registration = await registered(slug);
  const current = await registration?.pushManager?.getSubscription().catch(() => null);
  return (current?.endpoint ?? undefined) !== recall(slug, 'viewer').push;
}

/** This browser is no device any more, until somebody wants it to be one again. */
export async function retire(slug) {
  remember(slug, 'viewer', { off: true, device: undefined, push: undefined });
  await tellWorker(slug, null);
  await unsubscribe(slug);
}

/** Takes everything of a viewer from this browser. */
export async function leave(slug) {
  for (const what of ['viewer', 'lock', 'draft']) forget(slug, what);
  await tellWorker(slug, null);
  const registration = await registered(slug);
  for (const shown of await registration?.getNotifications?.() ?? []) shown.close();
  await unsubscribe(slug);
}

const scope = (slug) => `/wall/${slug}`;

/** The registration of the wall's service worker, where there is one. */
export async function registered(slug) {
  const found = await navigator.serviceWorker?.getRegistration(scope(slug)).catch(() => null);
  return found && new URL(found.scope).pathname === scope(slug) ? found : null;
}

async function unsubscribe(slug) {
  const subscription = await (await registered(slug))?.pushManager?.getSubscription().catch(() => null);
  await subscription?.unsubscribe().catch(() => false);
}

/** The service worker of a wall, running; each wall has its own, and so its own
 *  push subscription. */
export async function worker(slug) {
  const registration = await navigator.serviceWorker.register(serviceURL(), { scope: scope(slug), updateViaCache: 'none' });
  const coming = registration.installing ?? registration.waiting;
  if (!registration.active && coming) {
    await within(new Promise((done, fail) => {
      const look = () => {
        if (coming.state === 'activated') done();
        else if (coming.state === 'redundant') fail(new Error('service worker: refused'));
      };
      coming.addEventListener('statechange', look);
      look();
    }));
  }
  return registration;
}

async function subscribe(slug) {
  if (permission() !== 'granted') return null;
  const registration = await worker(slug);
  if (!registration.pushManager) return null;
  const { key } = await ask(slug, 'GET', 'push/key');
  const wanted = bytes(key);
  let subscription = await registration.pushManager.getSubscription();
  if (subscription && !same(new Uint8Array(subscription.options.applicationServerKey ?? []), wanted)) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await within(registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted }));
  return subscription.toJSON();
}

function bytes(base64url) {
  const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);

function within(promise) {
  let timer;
  const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error('too late')), limit); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// What the worker needs when the browser gives it a new subscription while no page
// is open.
async function tellWorker(slug, record) {
  try {
    const cache = await caches.open('callbackd-device');
    if (record) await cache.put(`/device/${slug}`, new Response(JSON.stringify(record)));
    else await cache.delete(`/device/${slug}`);
  } catch {
    // no such store: the next page registers anew
  }
}

async function readWorker(slug) {
  try {
    const cache = await caches.open('callbackd-device');
    return await (await cache.match(`/device/${slug}`))?.json();
  } catch {
    return null;
  }
}
