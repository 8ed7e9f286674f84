#!/bin/sh
# Runs the service for development, with the settings of development.env, together with the
# simulators of the vendors. It also prints commands to try. BINARY is the path of the discovery
# binary. Variables that are set in the environment take precedence over development.env. If SEED
# is set, the service gets 60 connections with a year of data. Ctrl-C stops the service and the
# simulators; the files in data/ are kept.
set -eu

: "${BINARY:?must be the path of the discovery binary}"
cd "$(dirname "$0")/.."

# The file is not sourced by the shell, because its values may contain spaces.
while IFS= read -r line; do
	case $line in '' | '#'*) continue ;; esac
	name=${line%%=*}
	eval "set=\${$name+yes}"
	[ -n "$set" ] || export "$line"
done <configs/development.env

if [ ! -e "$SEALING_KEYSET_FILE" ]; then
	mkdir -p "$(dirname "$SEALING_KEYSET_FILE")"
	"$BINARY" keyset create "$SEALING_KEYSET_FILE"
fi

sandbox='' service=''
end() {
	trap '' INT TERM
	trap - EXIT
	# The variables are not quoted: if a process was not started, its variable is empty, and kill must
	# not receive an empty argument.
	kill -TERM $service $sandbox 2>/dev/null || :
	wait
}
trap end EXIT
trap 'end; exit 0' INT TERM

token=$("$BINARY" token 018f0000-0000-7000-8000-00000000000d)
echo "The simulators and their credentials:"
set -- --pluggy 127.0.0.1:4031 --belvo 127.0.0.1:4032 --plaid 127.0.0.1:4033
[ -z "${SEED:-}" ] || set -- "$@" --connections 60
DISCOVERY_URL=$PUBLIC_URL DISCOVERY_TOKEN=$token "$BINARY" sandbox "$@" &
sandbox=$!
sleep 1 # long enough for the sandbox to fail if a port is in use
kill -0 "$sandbox" 2>/dev/null || exit 1

item=b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90
unread=5d0c8e17-9f42-4b6a-8c33-7e1b2a90d4f6
cat <<END

The console is at $PUBLIC_URL/console. Sign in with this token, which is valid for an hour:

  $token

Paste into another terminal to create a connection with data:

  API=$PUBLIC_URL/v1/discovery
  TOKEN=$token
  call() { curl -sS -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' "\$@"; echo; }

  # create a connection to the simulated Pluggy; with the idempotency key you can repeat it safely
  ID=\$(call -H 'X-Idempotency-Key: development-pluggy' \$API/aggregator-connections -d '{"vendor":"pluggy","configName":"pluggy-main","baseUrl":"http://127.0.0.1:4031","accountRef":"$item","clientId":"3f1c2d5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f","secret":"sim-secret-not-real"}' | sed -n 's/.*"id":"\([^"]*\)".*/\1/p'); echo "\$ID"
  call \$API/aggregator-connections/test -d '{"vendor":"pluggy","configName":"pluggy-main"}'

  # create a webhook URL, and make the simulator call it
  HOOK=\$(call \$API/webhooks/tokens -d '{"vendor":"pluggy","connection_config_name":"pluggy-main"}' | sed -n 's/.*"webhookUrl":"\([^"]*\)".*/\1/p'); echo "\$HOOK"
  call http://127.0.0.1:4031/_control/webhooks -d '{"target":{"url":"'\$HOOK'","headers":{"Authorization":"$PLUGGY_WEBHOOK_AUTHORIZATION"}},"events":[{"event":"item/updated","itemId":"$item"}]}'

  # show the results of the pull; the first command waits for it
  call "\$API/transactions/changes?limit=1&wait=30s"
  call "\$API/aggregator-connections/\$ID/pulls?limit=1"
  call "\$API/aggregator-connections/\$ID/transactions?limit=3"

  # create a connection whose bank was last read nine days ago; it becomes stale, and a close of yesterday says not_covered
  OLD=\$(call -H 'X-Idempotency-Key: development-unread' \$API/aggregator-connections -d '{"vendor":"pluggy","configName":"pluggy-unread","baseUrl":"http://127.0.0.1:4031","accountRef":"$unread","clientId":"3f1c2d5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f","secret":"sim-secret-not-real"}' | sed -n 's/.*"id":"\([^"]*\)".*/\1/p'); echo "\$OLD"
  call -X POST \$API/aggregator-connections/\$OLD/pulls -d '{}'

END

"$BINARY" serve &
service=$!
code=0
wait "$service" || code=$?
exit "$code"
