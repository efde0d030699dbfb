// Addresses that scripts are loaded from. The page's policy refuses every
// other way, and this one lets only files beside this file pass, and the service
// workers, which must stand at the root of the server.

const home = new URL('.', import.meta.url).href;
const service = new URL('/sw.js', import.meta.url).href;

const desk = new URL('/desk-worker.js', import.meta.url).href;

const policy = globalThis.trustedTypes?.createPolicy('callbackd', {
  createScriptURL(address) {
    const whole = new URL(address, home).href;
    if (whole !== service && whole !== desk && !whole.startsWith(home)) throw new TypeError('no script of ours');
    return address;
  },
});

const trust = (address) => (policy ? policy.createScriptURL(address) : address);

/** Returns the address of a script beside this file, fit for a Worker. */
export function scriptURL(name) {
  return trust(new URL(name, home).href);
}

/** Returns the address of the service worker, fit for registering it. */
export function serviceURL() {
  return trust(service);
}

/** Returns the address of the desk's service worker, fit for registering it. */
export function deskWorkerURL() {
  return trust(desk);
}
