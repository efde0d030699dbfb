// AMR for browsers that do not play it: decoded by opencore-amr in a worker and
// handed out as WAV. Loaded only when such a voice is played.

import { scriptURL } from './trusted.js';

const rate = 8000; // samples a second of AMR-NB
const largest = 4 << 20; // bytes; an hour of AMR is less
const patience = 30000; // ms for one voice

/** Returns an address of the voice's sound that every browser plays. */
export async function playable(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`voice: ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (bytes.length > largest) throw new Error('voice: too large');
  const samples = await decode(bytes);
  return URL.createObjectURL(new Blob([wav(samples)], { type: 'audio/wav' }));
}

function decode(bytes) {
  const worker = new Worker(scriptURL('amr-worker.js'));
  let timer;
  return new Promise((done, fail) => {
    timer = setTimeout(() => fail(new Error('voice: decoder takes too long')), patience);
    worker.onerror = () => fail(new Error('voice: decoder failed'));
    worker.onmessage = ({ data }) => {
      if (data.amr?.length) done(data.amr);
      else fail(new Error('voice: not AMR'));
    };
    worker.postMessage({ command: 'decode', buffer: bytes });
  }).finally(() => {
    clearTimeout(timer);
    worker.terminate();
  });
}

// 16-bit mono PCM with the 44 bytes of header that it needs.
function wav(samples) {
  const out = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const word = (at, text) => [...text].forEach((c, i) => out.setUint8(at + i, c.charCodeAt(0)));
  word(0, 'RIFF');
  out.setUint32(4, 36 + samples.length * 2, true);
  word(8, 'WAVEfmt ');
  out.setUint32(16, 16, true);
  out.setUint16(20, 1, true); // PCM
  out.setUint16(22, 1, true); // channels
  out.setUint32(24, rate, true);
  out.setUint32(28, rate * 2, true);
  out.setUint16(32, 2, true);
  out.setUint16(34, 16, true);
  word(36, 'data');
  out.setUint32(40, samples.length * 2, true);
  samples.forEach((s, i) => out.setInt16(44 + i * 2, Math.max(-1, Math.min(1, s)) * 32767, true));
  return out.buffer;
}
