// The voice pill: one button, a waveform that fills, seconds.

import { goOn } from './player.js';
import { secondsOf } from './row.js';
import { t } from './texts.js';

const bars = 48;
const pitch = 6; // units of the viewBox from bar to bar, 4 of them ink

/** Gives a ready voice its pill in place of the browser's own controls. */
export function dressVoice(box) {
  const pill = box.querySelector('.pill');
  if (!pill || !pill.hidden) return;
  const wave = drawWave(pill.querySelector('.wave'), box.dataset.wave);
  let audio = box.querySelector('audio');
  if (audio) audio.controls = false;
  else {
    box.querySelector('a[download]').hidden = true;
    audio = document.createElement('audio');
    audio.preload = 'none';
    box.append(audio);
  }
  follow(box, audio, pill, wave);
  pill.addEventListener('click', () => toggle(box, audio));
  pill.hidden = false;
}

function drawWave(svg, heights) {
  const known = heights ? heights.split(',').map(Number) : [];
  return Array.from({ length: bars }, (_, i) => {
    const height = Math.max(4, Math.round((known[i] ?? quiet(i)) / 255 * 40));
    const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of Object.entries({ x: i * pitch + 1, y: 20 - height / 2, width: 4, height, rx: 2 })) {
      bar.setAttribute(name, value);
    }
    svg.append(bar);
    return bar;
  });
}

// A calm shape for a voice whose waveform nobody has measured.
const quiet = (i) => 90 + 60 * Math.sin(i * 1.7) * Math.sin(i * 0.6);

function follow(box, audio, pill, wave) {
  const length = () => (Number.isFinite(audio.duration) && audio.duration) || Number(box.dataset.ms) / 1000;
  const seconds = pill.querySelector('.seconds');
  const show = () => {
    const total = length();
    const share = total > 0 ? Math.min(1, audio.currentTime / total) : 0;
    const filled = audio.ended ? 0 : Math.ceil(share * bars);
    wave.forEach((bar, i) => bar.classList.toggle('on', i < filled));
    const left = audio.ended || share === 0 ? total : total - audio.currentTime;
    seconds.textContent = `${secondsOf(left * 1000)}″`;
  };
  const frame = () => {
    show();
    if (!audio.paused && !audio.ended) requestAnimationFrame(frame);
  };
  const state = () => {
    const playing = !audio.paused && !audio.ended;
    box.classList.toggle('playing', playing);
    pill.setAttribute('aria-label', t(playing ? 'voice.pause' : 'voice.play'));
  };
  audio.addEventListener('play', () => { state(); frame(); });
  for (const event of ['pause', 'ended']) audio.addEventListener(event, () => { state(); show(); });
}

async function toggle(box, audio) {
  if (box.classList.contains('waiting')) return;
  if (!audio.paused) {
    audio.pause();
    return;
  }
  box.classList.add('waiting');
  try {
    if (!audio.getAttribute('src')) {
      const { playable } = await import('./amr.js');
      audio.src = await playable(box.dataset.src);
    }
    if (audio.ended) audio.currentTime = 0;
    await audio.play();
  } catch (error) {
    if (error.name !== 'AbortError') fail(box, error);
  } finally {
    box.classList.remove('waiting');
    goOn(); // where this one failed
  }
}

// A browser that wants a click first is no broken voice.
function fail(box, error) {
  if (error.name === 'NotAllowedError') return;
  const line = document.createElement('p');
  line.className = 'failed';
  line.dataset.part = 'media';
  line.textContent = t('voice.cannot');
  box.replaceWith(line);
}
