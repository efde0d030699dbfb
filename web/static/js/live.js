// The connection to the server's channels, by centrifuge's own client. It carries
// the viewer's cookie by itself, where there is one.

import '../vendor/centrifuge-5.7.4/centrifuge.js';

const delays = { minResubscribeDelay: 300, maxResubscribeDelay: 8000 };

/** Connects for an account and keeps connected, for as long as the page is open. One
 *  that the browser only keeps in memory for a way back would else be taken for
 *  somebody who listens; when it comes back it connects anew. */
export function open(slug) {
  const address = new URL(`/live/websocket?${new URLSearchParams({ account: slug })}`, location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const client = new globalThis.Centrifuge(address.href, { minReconnectDelay: 300, maxReconnectDelay: 8000 });
  client.connect();
  addEventListener('pagehide', () => client.disconnect());
  addEventListener('pageshow', ({ persisted }) => { if (persisted) client.connect(); });
  return client;
}

/**
 * Hears of the changes of a wall.
 * @param {string} slug the wall's account
 * @param {{subscribed: (whole: boolean) => void, lost: () => void, pushed: (change: object) => void}} ear
 */
export function followWall(client, slug, ear) {
  const channel = client.newSubscription(`wall:${slug}`, delays);
  channel.on('publication', ({ data }) => ear.pushed(data));
  channel.on('subscribed', ({ wasRecovering, recovered }) => ear.subscribed(wasRecovering && recovered));
  channel.on('subscribing', () => ear.lost());
  channel.on('unsubscribed', () => ear.lost());
  client.on('connecting', () => ear.lost());
  client.on('disconnected', () => ear.lost());
  channel.subscribe();
}

/**
 * Hears what is said to a device of this viewer's; returns how to stop.
 * @param {{up: () => void, refused: () => void, frame: (frame: object) => void}} ear
 *   refused: it is not, or no longer, this viewer's device
 */
export function followDevice(client, device, ear) {
  const channel = client.newSubscription(`device:${device}`, delays);
  let wanted = true;
  channel.on('publication', ({ data }) => ear.frame(data));
  channel.on('subscribed', () => ear.up());
  channel.on('unsubscribed', () => { if (wanted) ear.refused(); });
  channel.subscribe();
  return () => {
    wanted = false;
    channel.unsubscribe();
    client.removeSubscription(channel);
  };
}

/** Connects anew, as whoever the cookie says now. */
export function reconnect(client) {
  client.disconnect();
  client.connect();
}

/** Calls a method of the server; rejects while there is no connection. */
export function call(client, method, data) {
  if (client.state !== 'connected') return Promise.reject(new Error('not connected'));
  return client.rpc(method, data);
}
