// Exact numbers. JSON.parse turns 1.10 into 1.1 and 12345678901234567890 into another number, but a person compares the
// vendor's object with what the vendor shows.

// marker begins the text that stands for a number. It is different in each window, so that no text of a vendor has it.
const marker = `number-${crypto.getRandomValues(new Uint32Array(4)).join('-')}:`;

const token = /"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

// parse parses JSON like JSON.parse. A number that JavaScript would write in another way becomes a text, from which
// exactNumber returns the digits.
export const parse = (text) => JSON.parse(
  text.replace(token, (found) => (found[0] === '"' || String(Number(found)) === found ? found : `"${marker}${found}"`)),
);

// exactNumber returns the digits of a number that parse has kept as a text, and undefined for every other value.
export const exactNumber = (value) => (typeof value === 'string' && value.startsWith(marker) ? value.slice(marker.length) : undefined);
