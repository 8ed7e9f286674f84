#!/bin/sh
# Creates the secrets of compose.yaml with random values, in deploy/secrets or in the folder that is
# given. Files that exist are kept.
#
# The users of the containers read these files, so the files themselves are readable by everyone. The
# folder is private to its owner, which protects the files on this machine.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 022
mkdir -p -m 0700 "$folder"
cd "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

create() {
	[ -e "$1" ] || printf '%s' "$2" >"$1"
}

create postgres-password "$(random)"
# The database has no TLS: the connection stays inside the network of the containers.
create database-url "postgres://discovery:$(cat postgres-password)@postgres:5432/discovery?sslmode=disable"
create jwt-secret "$(random)"
create webhook-authorization "Bearer $(random)"
