#!/bin/sh
# Stops the broker that start.sh started (same KAFKA_PORT or KAFKA_RUN) and leaves its log and data where they are.
# KAFKA_SIGNAL=KILL ends it as a crash would. Fine to call when none runs.
set -eu
run=${KAFKA_RUN:-${TMPDIR:-/tmp}/tributary-kafka-${KAFKA_PORT:-19092}}
[ -f "$run/pid" ] || exit 0
pid=$(cat "$run/pid")
kill -"${KAFKA_SIGNAL:-TERM}" "$pid" 2>/dev/null || true
tries=0
# A dead child that nobody has reaped still answers to kill -0: hence the end to the waiting.
while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 150 ]; do
  tries=$((tries + 1))
  if [ "$tries" -eq 100 ]; then kill -KILL "$pid" 2>/dev/null || true; fi
  sleep 0.1
done
rm -f "$run/pid"
