#!/bin/sh
# Prints the section of a version in CHANGELOG.md, without its heading. It fails if there is none, or if it
# is empty.
#
#   sh .github/release-notes.sh 1.2.3
set -eu
version=${1:?the version}
notes=$(awk -v heading="## [$version]" '
	/^## / { inside = index($0, heading) == 1; next }
	/^\[[^]]*\]: / { inside = 0 }
	inside { print }
' "${CHANGELOG:-$(dirname "$0")/../CHANGELOG.md}")
if [ -z "$notes" ]; then
	echo "CHANGELOG.md has no section for $version" >&2
	exit 1
fi
printf '%s\n' "$notes"
