// The messages of the console.
import { readFileSync } from 'node:fs';

export const assets = new URL('../../adapters/rest/console/assets/', import.meta.url);

// load imports a catalogue as a data URL, because node reads a file named .js as CommonJS.
async function load(name) {
  const text = readFileSync(new URL(name, assets), 'utf8');
  return (await import('data:text/javascript,' + encodeURIComponent(text))).default;
}

// The catalogues by language.
export const catalogues = { en: await load('messages-en.js'), 'pt-BR': await load('messages-pt-br.js') };
