// Receives the events of a webhook subscription, verifies them, and stores each event once. It uses only Node.js.
//
//   WEBHOOK_SECRET=whsec_... node receive.mjs 8080 events.jsonl
//   node receive.mjs --report events.jsonl    # prints what was received, and which sequences are missing
//
// Each line of the file is one event. A line is synced to disk before the response, so that an event that was
// confirmed is never lost. During the rotation of a secret, WEBHOOK_SECRET can have both secrets, separated by a space.
import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";

const MAX_BODY = 1 << 20; // bytes
const TOLERANCE = 300; // seconds between the timestamp of a request and our clock

/** verify reports whether the headers contain a signature of the body by one of the secrets. */
function verify(headers, body, secrets, now = Date.now() / 1000) {
  const id = headers["webhook-id"], timestamp = headers["webhook-timestamp"];
  const signatures = (headers["webhook-signature"] ?? "").split(" ");
  if (!id || !/^\d+$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERANCE) return false;
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const wanted = Buffer.from("v1," + createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64"));
    return signatures.map((text) => Buffer.from(text)).some((got) => got.length === wanted.length && timingSafeEqual(got, wanted));
  });
}

/** Journal contains the events that were received, in memory and in a file. */
class Journal {
  events = new Map(); // by id

  constructor(name) {
    const text = existsSync(name) ? readFileSync(name, "utf8") : "";
    const intact = text.slice(0, text.lastIndexOf("\n") + 1);
    for (const line of intact.split("\n").slice(0, -1)) this.#take(JSON.parse(line));
    if (text !== intact) truncateSync(name, Buffer.byteLength(intact)); // the process was killed while it wrote
    this.file = openSync(name, "a", 0o600);
  }

  /** store adds an event, unless it is stored already: an event can arrive more than once. */
  store(event) {
    if (this.events.has(event.id)) return;
    const line = Buffer.from(JSON.stringify(event) + "\n");
    for (let written = 0; written < line.length;) written += writeSync(this.file, line, written);
    fsyncSync(this.file);
    this.#take(event);
  }

  #take(event) {
    this.events.set(event.id, event);
  }

  /** missing returns the sequences between 1 and the latest one that were not received. A test has no sequence. */
  missing() {
    const received = new Set([...this.events.values()].map((event) => Number(event.sequence ?? 0)));
    const last = Math.max(0, ...received);
    return Array.from({ length: last }, (_, i) => i + 1).filter((sequence) => !received.has(sequence));
  }

  /** report prints the events in the order of their sequences. */
  report() {
    const ordered = [...this.events.values()].sort((a, b) => Number(a.sequence ?? 0) - Number(b.sequence ?? 0));
    for (const { sequence, type, subject } of ordered) console.log(`${sequence ?? "-"} ${type} ${subject}`);
    console.log(`missing: ${this.missing().join(" ") || "none"}`);
  }
}

/** receive answers one request: 204 after the event is stored, and otherwise a status that makes the service try again. */
async function receive(request, journal, secrets) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    if ((size += part.length) > MAX_BODY) return 413;
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  if (!verify(request.headers, body, secrets)) return 401;
  journal.store(JSON.parse(body));
  return 204;
}

const report = process.argv[2] === "--report";
const [where, name] = process.argv.slice(2);
const secrets = (process.env.WEBHOOK_SECRET ?? "").split(" ").filter(Boolean);
if (!name || (!report && secrets.length === 0)) {
  console.error("usage: WEBHOOK_SECRET=whsec_... receive.mjs PORT FILE, or receive.mjs --report FILE");
  process.exit(2);
}
const journal = new Journal(name);
if (report) {
  journal.report();
  closeSync(journal.file);
} else {
  const server = createServer((request, response) => {
    receive(request, journal, secrets).catch((error) => {
      console.error(error.message);
      return 500;
    }).then((status) => response.writeHead(status, status === 413 ? { Connection: "close" } : {}).end());
  });
  server.listen(Number(where), "127.0.0.1", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
}
