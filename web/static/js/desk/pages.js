// The operator pages: a login that waits for a phone, followed live.
import { ready, slug } from './desk.js';
import { watch } from './stream.js';
import { t } from '../texts.js';

const login = document.getElementById('login');
const step = document.getElementById('login-step');
const qr = document.getElementById('login-qr');
const button = document.getElementById('log-in');

function show(run) {
  if (!run || !login) return;
  login.hidden = false;
  login.dataset.step = run.step;
  // texts: pages.step.starting pages.step.picture pages.step.scanned pages.step.confirmed pages.step.expired pages.step.done pages.step.failed
  step.textContent = t(`pages.step.${run.step}`);
  button.disabled = run.running;
  qr.hidden = run.step !== 'picture';
  if (run.step === 'picture' && qr.dataset.number !== String(run.picture)) {
    qr.dataset.number = run.picture;
    qr.src = `/desk/${slug}/pages/qr?n=${run.picture}`;
  }
}

ready.then(() => watch('connect', (state) => show(state.login)));
