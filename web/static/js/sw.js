// The service worker of a wall: shows what the browser's push service brings while
// no page is open, says so to the server, and leads to the wall. The server puts
// self.given in front of this file: texts and the picture.

const slug = decodeURIComponent(new URL(self.registration.scope).pathname.split('/')[2] ?? '');
const again = 2000; // ms until an acknowledgement that failed is tried once more
const patience = 10000; // ms for one answer

/** A text in both languages: nobody knows here which page was open last. */
const t = (key) => `${self.given.texts[key]['zh-CN']} · ${self.given.texts[key].en}`;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('push', (event) => event.waitUntil(pushed(event.data)));
self.addEventListener('notificationclick', (event) => event.waitUntil(clicked(event.notification)));
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(subscribed(event.newSubscription)));

async function pushed(data) {
  const frame = read(data);
  if (frame?.type === 'cancel') await close(frame.nid);
  else if (frame?.type === 'notify' && typeof frame.nid === 'string') await notify(frame);
  else await show(t('push.new'), { tag: slug, data: { url: home() } }); // browsers demand that something is shown
}

function read(data) {
  try {
    return data?.json();
  } catch {
    return null;
  }
}

async function notify(frame) {
  const shown = await self.registration.getNotifications();
  if (!shown.some((n) => n.data?.nid === frame.nid)) {
    await show(String(frame.title || t('push.new')), {
      body: said(frame),
      tag: String(frame.tag || frame.nid),
      silent: Boolean(frame.silent),
      renotify: !frame.silent,
      data: { nid: frame.nid, url: inside(frame.url) },
    });
  }
  await tell(`notices/${encodeURIComponent(frame.nid)}/ack`, { how: 'prompt', at: new Date().toISOString() });
}

// As in notices.js: where a name alone may be shown, what that person did.
function said({ nid, level, body, tag }) {
  if (!body && level === 1) return t(tag === nid ? 'push.mentioned' : 'push.spoke');
  return String(body ?? '');
}

function show(title, options) {
  const icon = self.given.icon;
  return self.registration.showNotification(title, { icon, badge: icon, ...options });
}

async function close(nid) {
  for (const n of await self.registration.getNotifications()) if (n.data?.nid === nid) n.close();
}

async function clicked(notification) {
  const { nid, url = home() } = notification.data ?? {};
  notification.close();
  await Promise.all([
    nid && tell(`notices/${encodeURIComponent(nid)}/read`, {}),
    open(url, nid),
  ]);
}

// An open wall is better than another one; a projector's is nobody's.
async function open(url, nid) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const mine = pages.find((page) => isWall(new URL(page.url)));
  if (!mine) return self.clients.openWindow(url);
  mine.postMessage({ type: 'opened', nid });
  return mine.focus();
}

function isWall(address) {
  return [`/wall/${slug}`, `/wall/${slug}/`, `/wall/${slug}/me`].includes(address.pathname) && !address.searchParams.has('kiosk')
    && !address.searchParams.has('before');
}

// An address of this server, whatever the frame says.
function inside(url) {
  try {
    const address = new URL(url, self.location.origin);
    return address.origin === self.location.origin && address.pathname.startsWith('/wall/') ? address.pathname + address.search : home();
  } catch {
    return home();
  }
}

const home = () => `/wall/${encodeURIComponent(slug)}`;

// The browser has another address for its push service now.
async function subscribed(fresh) {
  const cache = await caches.open('callbackd-device');
  const name = `/device/${slug}`;
  const before = await (await cache.match(name))?.json();
  if (!before) return; // nobody is bound here
  const subscription = fresh ?? await subscribe();
  const body = { class: before.class, name: before.name, provider: 'webpush', subscription: subscription.toJSON() };
  const answer = await tell('me/devices', body);
  if (!answer?.ok) return; // the next page sees it
  const { device } = await answer.json();
  await cache.put(name, new Response(JSON.stringify({ ...before, device, push: subscription.endpoint })));
  if (device !== before.device) await post('DELETE', `me/devices/${before.device}`).catch(() => {});
}

async function subscribe() {
  const answer = await post('GET', 'push/key');
  const { key } = await answer.json();
  const binary = atob(key.replaceAll('-', '+').replaceAll('_', '/'));
  const applicationServerKey = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  return self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
}

// Tells the server, and where that fails once more.
async function tell(path, body) {
  for (const wait of [again, 0]) {
    const answer = await post('POST', path, body).catch(() => null);
    if (answer && answer.status < 500) return answer;
    if (wait) await new Promise((done) => { setTimeout(done, wait); });
  }
  return null;
}

function post(method, path, body) {
  return fetch(`/api/v1/${path}?${new URLSearchParams({ account: slug })}`, {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    signal: AbortSignal.timeout(patience),
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
}
