// Voices, pictures and videos of messages on the desk, before they are public.
import './desk.js';
import '../player.js';
import { dressPicture } from '../picture.js';
import { showClock } from '../row.js';
import { dressVideo } from '../video.js';
import { dressVoice } from '../voice.js';

/** Gives a message what a page without scripts does not have. */
export function dress(item) {
  for (const box of item.querySelectorAll('.voice')) dressVoice(box);
  for (const box of item.querySelectorAll('.video')) dressVideo(box);
  for (const link of item.querySelectorAll('a.image')) dressPicture(link);
  for (const time of item.querySelectorAll('.q-who time')) showClock(time);
}

for (const item of document.querySelectorAll('.q')) dress(item);
