// Follows the change feed and stores a copy of the transactions in a journal file. It uses only Node.js.
//
//   DISCOVERY_URL=https://api.example.com DISCOVERY_TOKEN=... node follow.mjs ledger.jsonl
//   ... node follow.mjs ledger.jsonl --once    # reads up to now, prints the copy, ends
//
// Each line of the journal contains one page: its transactions and its cursor. A line is written in one piece
// and synced to disk before the next page is requested. If the program is killed while it writes a line, the
// next run removes the incomplete line and reads that page again.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const WAIT = 20; // seconds that the service may hold an empty page open
const PAUSE = 2000; // milliseconds after a temporary failure, and after an empty page that came early

/** TemporaryError is a failure after which the same page can be requested again. */
class TemporaryError extends Error {}

/** readPage returns the page after the cursor; undefined is the start of the feed. */
async function readPage(cursor, wait) {
  const query = new URLSearchParams({ limit: "200", wait: `${wait}s` });
  if (cursor !== undefined) query.set("cursor", cursor);
  let response, text;
  try {
    response = await fetch(`${process.env.DISCOVERY_URL}/v1/discovery/transactions/changes?${query}`, {
      headers: { Authorization: `Bearer ${process.env.DISCOVERY_TOKEN}` },
      signal: AbortSignal.timeout((wait + 30) * 1000),
    });
    text = await response.text();
  } catch (error) {
    throw new TemporaryError(`no response: ${error.message}`);
  }
  if (response.status === 429 || response.status >= 500) {
    throw new TemporaryError(`the service answered ${response.status}`);
  }
  if (!response.ok) throw new Error(`the service answered ${response.status}: ${text.slice(0, 4096)}`);
  return JSON.parse(text);
}

/** Ledger is the copy of the transactions: in memory, and in the journal. */
class Ledger {
  rows = new Map();
  cursor = undefined;

  constructor(name) {
    const text = existsSync(name) ? readFileSync(name, "utf8") : "";
    const intact = text.slice(0, text.lastIndexOf("\n") + 1);
    for (const line of intact.split("\n").slice(0, -1)) this.#take(JSON.parse(line));
    if (text !== intact) truncateSync(name, Buffer.byteLength(intact));
    this.file = openSync(name, "a", 0o600);
  }

  /** store writes a page to the journal. When it returns, the page has been synced to disk. */
  store({ items, nextCursor }) {
    if (items.length === 0 && nextCursor === this.cursor) return;
    const entry = { cursor: nextCursor, transactions: items.map((item) => item.transaction) };
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    for (let written = 0; written < line.length;) written += writeSync(this.file, line, written);
    fsyncSync(this.file);
    this.#take(entry);
  }

  /** #take applies a page. A row whose version is not newer changes nothing. */
  #take({ cursor, transactions }) {
    for (const row of transactions) {
      if (row.version > (this.rows.get(row.id)?.version ?? 0)) this.rows.set(row.id, row);
    }
    this.cursor = cursor;
  }

  /** print writes one line for each transaction. An erased transaction has no amount. */
  print() {
    for (const id of [...this.rows.keys()].sort()) {
      const { version, date = "-", amount = "-", currency = "-", removedAt } = this.rows.get(id);
      console.log(`${id} v${version} ${date} ${amount} ${currency}${removedAt ? " removed" : ""}`);
    }
  }
}

/** follow reads pages until the program is stopped, or with once until the feed has no more. */
async function follow(ledger, once) {
  const wait = once ? 0 : WAIT;
  for (;;) {
    const requested = performance.now();
    let page;
    try {
      page = await readPage(ledger.cursor, wait);
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error;
      console.error(`${error.message}; trying again`);
      await sleep(PAUSE);
      continue;
    }
    ledger.store(page);
    if (once && !page.hasMore) return;
    // A service that shuts down does not wait for changes. It must not be asked without a pause.
    if (page.items.length === 0 && performance.now() - requested < wait * 1000) await sleep(PAUSE);
  }
}

const names = process.argv.slice(2).filter((argument) => argument !== "--once");
const missing = ["DISCOVERY_URL", "DISCOVERY_TOKEN"].filter((name) => !process.env[name]);
if (missing.length > 0 || names.length !== 1) {
  console.error(`usage: follow.mjs FILE [--once]; not set: ${missing.join(", ") || "none"}`);
  process.exit(2);
}
const ledger = new Ledger(names[0]);
try {
  await follow(ledger, process.argv.includes("--once"));
  ledger.print();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  closeSync(ledger.file);
}
