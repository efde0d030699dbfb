// Addresses that scripts are loaded from. The page's policy refuses every
// other way, and this one lets only files beside this file pass.

const home = new URL('.', import.meta.url).href;

const policy = globalThis.trustedTypes?.createPolicy('callbackd', {
  createScriptURL(address) {
    if (!new URL(address, home).href.startsWith(home)) throw new TypeError('no script of ours');
    return address;
  },
});

/** Returns the address of a script beside this file, fit for a Worker. */
export function scriptURL(name) {
  const address = new URL(name, home).href;
  return policy ? policy.createScriptURL(address) : address;
}
