// Texts for people come from the server's catalogue, in the page's language.

let texts = {};

/** Reads the texts once, from the path that the page names. */
export async function loadTexts(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`texts: ${answer.status}`);
  texts = await answer.json();
}

/** Returns the text of a key, with {name} filled from values. */
export function t(key, values = {}) {
  const text = texts[key] ?? '';
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
