// What a row holds besides text: voices, videos, pictures.

import { closePicture, dressPicture } from './picture.js';
import { dressVideo } from './video.js';
import { dressVoice } from './voice.js';

/** Makes what a row holds work. */
export function dress(row) {
  for (const box of row.querySelectorAll('.voice[data-src]')) dressVoice(box);
  for (const box of row.querySelectorAll('.video')) dressVideo(box);
  for (const link of row.querySelectorAll('a.image')) dressPicture(link);
}

/** Takes a row off the page, silent. */
export function discard(row) {
  for (const player of row.querySelectorAll('audio, video')) {
    player.pause();
    if (player.src.startsWith('blob:')) URL.revokeObjectURL(player.src);
  }
  const picture = row.querySelector('a.image');
  if (picture) closePicture(picture.href);
  row.remove();
}
