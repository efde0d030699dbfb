// A picture, whole, on a click; a click anywhere or Escape closes it.

const dialog = document.getElementById('whole');
const large = dialog.querySelector('img');

dialog.addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => large.removeAttribute('src'));

/** Opens a row's picture in the page instead of leaving it. */
export function dressPicture(link) {
  if (link.dataset.dressed) return;
  link.dataset.dressed = 'yes';
  link.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    large.src = link.href;
    large.alt = link.querySelector('img').alt;
    dialog.showModal();
  });
}

/** Closes the dialog when what it shows has been taken down. */
export function closePicture(address) {
  if (dialog.open && large.getAttribute('src') === address) dialog.close();
}
