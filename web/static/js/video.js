// A video shows its poster and one large glyph; controls come with the playing.

/** Gives a ready video its glyph in place of the browser's controls. */
export function dressVideo(box) {
  const video = box.querySelector('video');
  const glyph = box.querySelector('.glyph');
  if (!video || !glyph || !glyph.hidden) return;
  video.controls = false;
  glyph.hidden = false;
  glyph.addEventListener('click', () => video.play().catch(() => { video.controls = true; }));
  video.addEventListener('play', () => {
    glyph.hidden = true;
    video.controls = true;
  });
  video.addEventListener('ended', () => {
    video.controls = false;
    glyph.hidden = false;
    video.load(); // the poster again
  });
}
