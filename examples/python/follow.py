#!/usr/bin/env python3
"""Follows the change feed and stores a copy of the transactions in an SQLite database.

It uses only the standard library. Each page is stored in one database transaction together with its cursor,
so that the copy stays correct if the program is killed at any point.

    DISCOVERY_URL=https://api.example.com DISCOVERY_TOKEN=... python3 follow.py ledger.db
    ... python3 follow.py ledger.db --once    # reads up to now, prints the copy, ends
"""

import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

WAIT = 20  # seconds that the service may hold an empty page open
PAUSE = 2  # seconds after a temporary failure, and after an empty page that came early

SCHEMA = """
CREATE TABLE IF NOT EXISTS transactions (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS position (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), cursor TEXT NOT NULL);
"""

# A page that is read twice changes nothing, because only a newer version replaces a row.
UPSERT = """
INSERT INTO transactions (id, version, body) VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body
WHERE excluded.version > transactions.version
"""


def read_page(cursor, wait):
    """Returns the page after the cursor; None is the start. A temporary failure is a ConnectionError."""
    query = {"limit": 200, "wait": f"{wait}s"}
    if cursor is not None:
        query["cursor"] = cursor
    request = urllib.request.Request(
        f"{os.environ['DISCOVERY_URL']}/v1/discovery/transactions/changes?{urllib.parse.urlencode(query)}",
        headers={"Authorization": f"Bearer {os.environ['DISCOVERY_TOKEN']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=wait + 30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        if error.code == 429 or error.code >= 500:
            raise ConnectionError(f"the service answered {error.code}") from error
        raise SystemExit(f"the service answered {error.code}: {error.read(4096).decode(errors='replace')}") from error
    except (OSError, ValueError) as error:  # no connection, or an incomplete response
        raise ConnectionError(str(error)) from error


def store(database, page):
    """Stores the transactions of a page and its cursor in one database transaction."""
    with database:
        for item in page["items"]:
            row = item["transaction"]
            database.execute(UPSERT, (row["id"], row["version"], json.dumps(row)))
        database.execute("INSERT OR REPLACE INTO position (only_row, cursor) VALUES (1, ?)", (page["nextCursor"],))


def print_copy(database):
    """Prints one line for each transaction. An erased transaction has no amount."""
    for identifier, version, body in database.execute("SELECT id, version, body FROM transactions ORDER BY id"):
        row = json.loads(body)
        removed = " removed" if "removedAt" in row else ""
        print(f"{identifier} v{version} {row.get('date', '-')} {row.get('amount', '-')} "
              f"{row.get('currency', '-')}{removed}")


def follow(database, once):
    """Reads pages until the program is stopped, or with once until the feed has no more."""
    wait = 0 if once else WAIT
    saved = database.execute("SELECT cursor FROM position").fetchone()
    cursor = saved[0] if saved else None
    while True:
        requested = time.monotonic()
        try:
            page = read_page(cursor, wait)
        except ConnectionError as error:
            print(f"{error}; trying again", file=sys.stderr)
            time.sleep(PAUSE)
            continue
        store(database, page)
        cursor = page["nextCursor"]
        if once and not page["hasMore"]:
            return
        # A service that shuts down does not wait for changes. It must not be asked without a pause.
        if not page["items"] and time.monotonic() - requested < wait:
            time.sleep(PAUSE)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--once"]
    once = "--once" in sys.argv[1:]
    missing = [name for name in ("DISCOVERY_URL", "DISCOVERY_TOKEN") if not os.environ.get(name)]
    if missing or len(arguments) != 1:
        print(f"usage: follow.py FILE [--once]; not set: {', '.join(missing) or 'none'}", file=sys.stderr)
        raise SystemExit(2)
    database = sqlite3.connect(arguments[0])
    database.executescript(SCHEMA)
    try:
        follow(database, once)
        print_copy(database)
    except KeyboardInterrupt:
        pass
    finally:
        database.close()


if __name__ == "__main__":
    main()
