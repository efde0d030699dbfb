// Times of events in the zone of whoever looks.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const field of document.querySelectorAll('input[name=zone]')) field.value = zone;
for (const field of document.querySelectorAll('input[data-at]')) {
  const at = new Date(field.dataset.at);
  if (!Number.isNaN(at.getTime())) {
    field.value = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  }
}
