// The form that makes an account: an address is proposed while the name is typed.
const form = document.getElementById('new');
const { name, slug } = { name: form.elements.namedItem('name'), slug: form.elements.namedItem('slug') };

let own = slug.value !== ''; // what somebody typed is theirs
let asked = 0;

slug.addEventListener('input', () => {
  own = slug.value !== '';
});

name.addEventListener('change', async () => {
  if (own || !name.value.trim()) return;
  const question = ++asked;
  try {
    const answer = await fetch(`/desk/new?name=${encodeURIComponent(name.value)}`, { headers: { Accept: 'application/json' }, cache: 'no-store' });
    if (!answer.ok) return;
    const proposed = (await answer.json()).slug;
    if (question === asked && !own) slug.value = proposed;
  } catch {
    // none is proposed now; the server does it when the form is sent
  }
});
