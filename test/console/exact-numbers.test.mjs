// Unit tests of the numbers in the vendor's objects.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assets } from './messages.mjs';

const source = readFileSync(new URL('exact-numbers.js', assets), 'utf8');
const { parse, exactNumber } = await import('data:text/javascript,' + encodeURIComponent(source));

for (const digits of ['12345678901234567890', '1.10', '0.1000', '-0', '1e2', '1E+400', '-1.00', '9007199254740993', '0.30000000000000000001']) {
  test(`${digits} keeps its digits`, () => {
    const { list: [value], text } = parse(`{"list":[${digits}],"text":"${digits}"}`);
    assert.equal(exactNumber(value), digits);
    assert.equal(text, digits);
    assert.equal(exactNumber(text), undefined);
  });
}

test('other values are those of JSON.parse', () => {
  const text = '{"a":[1,-2,0.5,1e21,true,null,"1.10","\\"1.10","\\\\",""],"1.10":{"b":12}}';
  assert.deepEqual(parse(text.replace('1e21,', '')), JSON.parse(text.replace('1e21,', '')));
});

test('what is not JSON is an error', () => assert.throws(() => parse('<html>1.10</html>')));
