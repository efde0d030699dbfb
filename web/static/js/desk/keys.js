// Keys of a page: single letters while nobody writes.

/** Calls what stands under a key; P alone is p, with Shift it is panic. */
export function listenKeys(keys) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.target.closest?.('input:not([type=checkbox]), textarea, select, dialog')) return;
    const name = event.shiftKey && event.key === 'P' ? 'panic' : event.key.toLowerCase();
    const what = keys[name];
    if (!what || name === ' ' && event.target.closest?.('button, a, summary, input')) return;
    event.preventDefault();
    what();
  });
}
