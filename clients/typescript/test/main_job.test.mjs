// The main job of an operator, against a running service. The test in test/clients starts the service and a
// simulated vendor, and sets the environment variables.
import assert from "node:assert/strict";
import test from "node:test";
import { createClient } from "../dist/index.js";

const env = process.env;
const base = "/v1/discovery";

test("create, test, mint, receive a webhook, follow the feed, list", async () => {
  const client = createClient({ baseUrl: env.DISCOVERY_URL, token: () => env.DISCOVERY_TOKEN });
  const ok = ({ data, error }) => {
    assert.equal(error, undefined);
    return data;
  };
  const connection = ok(await client.POST(`${base}/aggregator-connections`, {
    body: {
      vendor: "pluggy", configName: "pluggy-main", baseUrl: env.VENDOR_URL, accountRef: env.ITEM,
      clientId: env.CLIENT_ID, secret: env.CLIENT_SECRET,
    },
  }));
  const outcome = ok(await client.POST(`${base}/aggregator-connections/test`, {
    body: { vendor: "pluggy", configName: "pluggy-main" },
  }));
  assert.equal(outcome.healthy, true);
  const minted = ok(await client.POST(`${base}/webhooks/tokens`, {
    body: { vendor: "pluggy", connection_config_name: "pluggy-main" },
  }));
  const sent = await fetch(`${env.VENDOR_URL}/_control/webhooks`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      target: { url: minted.webhookUrl, headers: { Authorization: env.WEBHOOK_AUTHORIZATION } },
      events: [{ event: "item/updated", itemId: env.ITEM }],
    }),
  });
  assert.equal(sent.ok, true);

  const changes = [];
  for (let cursor, page; page === undefined || page.items.length > 0 || changes.length === 0;) {
    page = ok(await client.GET(`${base}/transactions/changes`, { params: { query: { cursor, wait: "5s" } } }));
    changes.push(...page.items);
    cursor = page.nextCursor;
  }
  const list = ok(await client.GET(`${base}/aggregator-connections/{id}/transactions`, {
    params: { path: { id: connection.id } },
  }));
  assert.equal(list.items.length, changes.length);
  assert.equal(typeof list.items[0].amount, "string");
});

test("a failure is a problem", async () => {
  const client = createClient({ baseUrl: env.DISCOVERY_URL, token: "not a token" });
  const { data, error, response } = await client.GET(`${base}/aggregator-connections`, {});
  assert.equal(data, undefined);
  assert.equal(response.status, 401);
  assert.equal(error.code, "MTCH-0003");
});

// The numbers of metadata are JavaScript numbers; the text of a response keeps all digits.
test("the text of a response keeps the digits of metadata", async () => {
  const text = '{"id":"t1","metadata":{"nsu":12345678901234567890,"rate":1.10}}';
  const client = createClient({
    baseUrl: "http://127.0.0.1", token: "t",
    fetch: async () => new Response(text, { headers: { "Content-Type": "application/json" } }),
  });
  const call = { params: { path: { id: "t1" } } };
  const parsed = await client.GET("/v1/discovery/transactions/{id}", call);
  assert.equal(JSON.stringify(parsed.data.metadata), '{"nsu":12345678901234567000,"rate":1.1}');
  const read = await client.GET("/v1/discovery/transactions/{id}", { ...call, parseAs: "text" });
  assert.equal(read.data, text);
});
