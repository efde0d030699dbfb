// Runs the decoder of benz-amr-recorder, which is written as a CommonJS module
// that sets up a worker's onmessage.

const decoder = '../vendor/benz-amr-recorder-1.1.5/amrnb.js';
const policy = self.trustedTypes?.createPolicy('callbackd', { createScriptURL: () => decoder });

self.module = {};
importScripts(policy ? policy.createScriptURL(decoder) : decoder);
self.module.exports();
