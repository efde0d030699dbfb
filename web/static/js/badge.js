// How many notices are unread: in the title of the page, on the icon of the
// installed app, and beside the tool.

const title = document.title;
const marks = document.querySelectorAll('[data-part=unread]');
let count = 0;

/** Shows a number of unread notices. */
export function showUnread(n) {
  count = Math.max(0, n);
  document.title = count > 0 ? `(${count}) ${title}` : title;
  for (const mark of marks) {
    mark.textContent = count > 99 ? '99+' : String(count);
    mark.hidden = count === 0;
  }
  const done = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
  done?.catch(() => {}); // not installed
}

/** Adds to it. */
export function addUnread(n) {
  showUnread(count + n);
}
