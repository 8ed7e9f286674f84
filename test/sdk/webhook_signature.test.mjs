// The receiver's side of Standard Webhooks, by its own npm package.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';

const { OLDER, NEWER } = process.env;
const [before, during, after] = JSON.parse(process.env.REQUESTS);
const verify = (secret, { headers, body }) => new Webhook(secret).verify(body, headers);

test('a receiver verifies with the secret before, during and after a rotation', () => {
  for (const [secret, request] of [[OLDER, before], [OLDER, during], [NEWER, during], [NEWER, after]]) {
    assert.equal(verify(secret, request).data.text, 'ação 😀 <&>');
  }
});

test('another secret does not verify', () => {
  assert.throws(() => verify(NEWER, before), /No matching signature/);
  assert.throws(() => verify(OLDER, after), /No matching signature/);
});

test('a changed body, id or time does not verify', () => {
  assert.throws(() => verify(OLDER, { ...before, body: before.body.replace('1.0', '1.1') }), /No matching signature/);
  for (const name of ['Webhook-Id', 'Webhook-Timestamp']) {
    const headers = { ...before.headers, [name]: String(Number(before.headers['Webhook-Timestamp']) + 1) };
    assert.throws(() => verify(OLDER, { ...before, headers }), /No matching signature/);
  }
});

test('the headers and the media type are those of the specification', () => {
  assert.equal(before.headers['Content-Type'], 'application/cloudevents+json');
  assert.match(before.headers['Webhook-Signature'], /^v1,[A-Za-z0-9+/]{43}=$/);
  assert.match(during.headers['Webhook-Signature'], /^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
  assert.equal(before.headers['Webhook-Id'], '0198c0de-0000-7000-8000-000000000001');
});
