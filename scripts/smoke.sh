#!/usr/bin/env bash
# Starts the built server on a free port with a home of its own, runs the first session of the README and that of the
# TypeScript client as they stand there, and stops it: they cannot rot.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
# The embedded database of a root user runs as another one, who must get through.
chmod 755 "$work"
server=
cleanup() {
  [[ -z $server ]] || kill -9 "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "$1" >&2
  cat "$work/server.log" >&2
  exit 1
}

# The block after a marker of a page.
block() {
  awk -v marker="<!-- $2 -->" '$0 == marker { found = 1 } found && /^```$/ { exit } inside { print } found && /^```bash$/ { inside = 1 }' "$1"
}
session=$(block README.md 'first session')
client=$(block clients/typescript/README.md session)
[[ -n $session && -n $client ]] || fail 'A README has no block after its marker.'

started=$SECONDS
export MUSTER_HOME=$work/home
env -u DATABASE_URL -u REDIS_URL MUSTER_PORT=0 node --enable-source-maps dist/src/cli.js start >"$work/server.log" 2>&1 &
server=$!

url() { node -p "JSON.parse(fs.readFileSync('$MUSTER_HOME/credentials.json')).url"; }
until [[ -f $MUSTER_HOME/credentials.json ]] && curl -fsS -o /dev/null "$(url)/readyz" 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || fail 'The server ended before it was ready.'
  ((SECONDS - started < 60)) || fail 'The server was not ready within 60 s.'
  sleep 0.1
done
echo "ready after $((SECONDS - started)) s"

bash -euo pipefail -c "$session" | tee "$work/session.log" || fail 'The first session failed.'
for type in task.created task.claimed task.completed; do
  grep -q "$type" "$work/session.log" || fail "The first session shows no $type."
done

bash -euo pipefail -c "$client" | tee "$work/client.log" || fail 'The session of the client failed.'
grep -q "{ done: 'Write the report' }" "$work/client.log" || fail 'The session of the client shows no result.'

kill -TERM "$server"
code=0
wait "$server" || code=$?
server=
((code == 0)) || fail "The server ended with $code on SIGTERM."
echo 'stopped with exit code 0'
