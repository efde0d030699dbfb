// The connection to the wall's channel, by centrifuge's own client.

import '../vendor/centrifuge-5.7.4/centrifuge.js';

/**
 * Connects and keeps connected.
 * @param {string} slug the wall's account
 * @param {{subscribed: (whole: boolean) => void, lost: () => void, pushed: (change: object) => void}} ear
 */
export function connect(slug, ear) {
  const address = new URL('/live/websocket', location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const client = new globalThis.Centrifuge(address.href, { minReconnectDelay: 300, maxReconnectDelay: 8000 });
  const channel = client.newSubscription(`wall:${slug}`, { minResubscribeDelay: 300, maxResubscribeDelay: 8000 });
  channel.on('publication', ({ data }) => ear.pushed(data));
  channel.on('subscribed', ({ wasRecovering, recovered }) => ear.subscribed(wasRecovering && recovered));
  channel.on('subscribing', () => ear.lost());
  channel.on('unsubscribed', () => ear.lost());
  client.on('connecting', () => ear.lost());
  client.on('disconnected', () => ear.lost());
  channel.subscribe();
  client.connect();
  return client;
}
