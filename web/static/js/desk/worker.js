// The service worker of the desk: shows what needs a human while no page is open.

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch {
    // something is shown all the same: browsers demand it
  }
  const { title = 'callbackd', body = '', url = '/desk', tag = 'desk' } = said;
  event.waitUntil(self.registration.showNotification(String(title), { body: String(body), tag: String(tag), renotify: true, data: { url: String(url) } }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const address = new URL(event.notification.data?.url ?? '/desk', self.location.origin);
  const inside = address.origin === self.location.origin && address.pathname.startsWith('/desk');
  event.waitUntil(self.clients.openWindow(inside ? address.href : '/desk'));
});
