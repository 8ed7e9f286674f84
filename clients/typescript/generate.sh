#!/bin/sh
# Writes the types of the TypeScript client, src/schema.gen.d.ts, from openapi.json. Without npm it writes
# nothing, and says so.
set -eu
cd "$(dirname "$0")"

if ! command -v npm >/dev/null; then
	echo 'npm is not installed: the types of clients/typescript are neither written nor checked' >&2
	exit 0
fi
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --silent
npm run --silent generate
