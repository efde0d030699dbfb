// Rows out of messages. The shapes are the server's: the page carries each as a
// template. Everything that a follower wrote goes in as text.

import { t } from './texts.js';

const templates = new Map();
for (const template of document.querySelectorAll('template[data-look]')) {
  templates.set(template.dataset.look, template);
}

const hasFile = new Set(['voice', 'image', 'video']);

/** Returns the name of the shape of a message; the same rule as Row.Look. */
export function lookOf(message) {
  if (message.kind === 'voice' && message.media?.state === 'ready' && message.media.type === 'audio/amr') return 'voice-amr';
  if (message.media) return `${message.kind}-${message.media.state}`;
  return hasFile.has(message.kind) ? `${message.kind}-pending` : message.kind;
}

/** Returns a new row for a message; null for a kind that this page does not know. */
export function buildRow(message) {
  const template = templates.get(lookOf(message));
  if (!template) return null;
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.id = message.id;
  fill(row, message);
  fillMedia(row, message);
  return row;
}

/** Brings a row up to date, in its place; returns whether its file changed. */
export function updateRow(row, message) {
  const look = lookOf(message);
  const source = message.media?.url ?? '';
  const changed = row.dataset.look !== look || sourceOf(row) !== source;
  if (changed) {
    const fresh = templates.get(look)?.content.firstElementChild.cloneNode(true);
    row.querySelector('[data-part=media]')?.remove();
    const media = fresh?.querySelector('[data-part=media]');
    if (media) part(row, 'words').before(media);
    row.dataset.look = look;
  }
  fill(row, message);
  if (changed || !hasFile.has(message.kind)) fillMedia(row, message);
  return changed;
}

/** Puts the reader's own time of day into a row. */
export function showClock(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.textContent = [at.getHours(), at.getMinutes()].map((n) => String(n).padStart(2, '0')).join(':');
}

const part = (row, name) => row.querySelector(`[data-part=${name}]`);

function sourceOf(row) {
  const media = part(row, 'media');
  if (!media) return '';
  const own = media.dataset.src ?? media.getAttribute('href') ?? media.querySelector('video')?.getAttribute('src');
  return hasFile.has(row.dataset.look.split('-')[0]) ? own ?? '' : '';
}

function fill(row, message) {
  row.dataset.seq = message.seq;
  row.dataset.size = sizeOf(message.text ?? '');
  const avatar = part(row, 'avatar');
  if (avatar.getAttribute('src') !== message.sender.avatar) avatar.setAttribute('src', message.sender.avatar);
  part(row, 'name').textContent = message.sender.name;
  row.classList.toggle('host', Boolean(message.host));
  part(row, 'mark').hidden = !message.host;
  const time = part(row, 'time');
  time.dateTime = message.sent_at;
  showClock(time);
  const words = part(row, 'words');
  if (words.textContent !== (message.text ?? '')) words.textContent = message.text ?? '';
  words.hidden = !message.text;
}

// The same rule as Row.Size.
function sizeOf(text) {
  const n = [...text].length;
  if (n <= 12) return 'xs';
  if (n <= 24) return 's';
  return n <= 40 ? 'm' : 'l';
}

function fillMedia(row, message) {
  const media = part(row, 'media');
  if (!media) return;
  switch (lookOf(message)) {
    case 'voice-ready':
    case 'voice-amr':
      return fillVoice(media, message.media);
    case 'image-ready':
      return fillImage(media, message);
    case 'video-ready':
      return fillVideo(media.querySelector('video'), message.media);
    case 'image-pending':
    case 'video-pending':
      return fillShape(media.querySelector('.shape'), message.media);
    case 'location':
      part(media, 'label').textContent = message.place?.label || t('place.label');
      return undefined;
    case 'link':
      return fillLink(media, message.link);
    default:
      return undefined;
  }
}

function fillVoice(box, media) {
  box.dataset.src = media.url;
  box.dataset.type = media.type ?? '';
  box.dataset.ms = media.duration_ms ?? 0;
  box.dataset.wave = (media.waveform ?? []).join(',');
  box.querySelector('.seconds').textContent = `${secondsOf(media.duration_ms)}″`;
  box.querySelector('audio')?.setAttribute('src', media.url);
  box.querySelector('a[download]')?.setAttribute('href', media.url);
}

/** Whole seconds of a length in ms, at least 1 where there is one. */
export function secondsOf(ms) {
  return ms > 0 ? Math.max(1, Math.round(ms / 1000)) : 0;
}

function size(element, media) {
  for (const side of ['width', 'height']) {
    if (media?.[side]) element.setAttribute(side, media[side]);
  }
}

function fillImage(box, message) {
  box.setAttribute('href', message.media.url);
  const img = box.querySelector('img');
  size(img, message.media);
  img.alt = t('image.alt', { name: message.sender.name });
  img.src = message.media.thumb || message.media.url;
}

function fillVideo(video, media) {
  size(video, media);
  video.preload = media.poster ? 'none' : 'metadata';
  if (media.poster) video.poster = media.poster;
  video.src = media.url;
}

function fillShape(shape, media) {
  if (!media?.width || !media?.height) return;
  size(shape, media);
  shape.setAttribute('viewBox', `0 0 ${media.width} ${media.height}`);
}

function fillLink(box, link) {
  if (/^https?:\/\//i.test(link?.url ?? '')) box.setAttribute('href', link.url);
  else box.removeAttribute('href');
  part(box, 'title').textContent = link?.title ?? '';
  part(box, 'host').textContent = link?.host ?? '';
}
