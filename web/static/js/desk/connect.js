// Connecting an account: lights turn on when something arrives, and the doctor's
// findings come one by one.
import { ready } from './desk.js';
import { post } from './post.js';
import { watch } from './stream.js';
import { t } from '../texts.js';

const lights = document.getElementById('lights');
const refused = document.getElementById('refused');
const own = document.getElementById('own');
const examine = document.getElementById('examine');
const findings = document.getElementById('findings');
const doctorState = document.getElementById('doctor-state');
const empty = document.getElementById('finding');

const part = (of, name) => of.querySelector(`[data-part="${name}"]`);

/** A time as people here write it. */
const local = (stamp) => (stamp ? new Date(stamp).toLocaleString(document.documentElement.lang) : '');

function showLights(state) {
  for (const light of lights.children) {
    const at = state[light.dataset.light];
    light.toggleAttribute('data-lit', Boolean(at));
    part(light, 'at').textContent = local(at);
  }
  if (state.check) hideSecrets();
  refused.hidden = !state.refused;
  part(refused, 'why').textContent = state.refused ? `${local(state.refused)} ${state.refused_why}` : '';
  own.hidden = !state.own;
  part(own, 'at').textContent = local(state.own);
}

// From the platform's check on, token and key are of no more use to anybody here.
function hideSecrets() {
  for (const secret of document.querySelectorAll('[data-secret]')) {
    secret.textContent = t('connect.never');
    secret.className = 'quiet-line';
    delete secret.dataset.secret;
  }
  document.getElementById('once')?.remove();
}

function showFinding(row, f) {
  row.dataset.id = f.id;
  row.dataset.level = f.level;
  part(row, 'says').textContent = f.says || f.id;
  part(row, 'fix').textContent = f.fix;
  part(row, 'took').textContent = f.level ? `${f.took_ms} ms` : '';
}

function showDoctor(run) {
  if (!run || !findings) return;
  const failed = run.findings.filter((f) => f.level === 'fail').length;
  const found = failed ? t('doctor.failed', { n: failed }) : t('doctor.well');
  doctorState.textContent = run.running ? t('doctor.running') : `${found} · ${t('doctor.done')} ${local(run.at)}`;
  examine.querySelector('button').disabled = run.running;
  const rows = [...findings.children].filter((row) => row.querySelectorAll('svg').length > 1);
  if (rows.length !== findings.children.length) findings.replaceChildren(); // what the server drew has one picture each
  while (findings.children.length > run.findings.length) findings.lastElementChild.remove();
  run.findings.forEach((f, n) => {
    if (!findings.children[n]) findings.append(empty.content.firstElementChild.cloneNode(true));
    showFinding(findings.children[n], f);
  });
}

examine?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = examine.querySelector('button');
  button.disabled = true;
  try {
    await post(examine.action);
  } catch (err) {
    doctorState.textContent = err.message;
    button.disabled = false;
  }
});

ready.then(() => watch('connect', (state) => {
  showLights(state);
  showDoctor(state.doctor);
}));
