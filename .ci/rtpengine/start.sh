#!/usr/bin/env bash
# A real rtpengine for the tests (Debian's rtpengine-daemon), in user space, without the kernel's module: prints RTPENGINE=host:port.
# Its folder is RTPENGINE_RUN, its port RTPENGINE_PORT.
set -euo pipefail
run=${RTPENGINE_RUN:?} port=${RTPENGINE_PORT:?}
mkdir -p "$run"
# Debian's own configuration asks for the kernel's module and every interface: nothing of it is read.
# Several side by side would share ports for voices without noticing (SO_REUSEADDR): each takes a range that is nobody's, and holds its lock.
for first in 24000 25000 26000 27000 28000 29000 ''; do
  [ -n "$first" ] || { echo 'No range of ports is left for rtpengine.' >&2 && exit 1; }
  exec 9>"${TMPDIR:-/tmp}/tributary-rtpengine-$first.lock"
  flock -n 9 && break
done
setsid rtpengine --config-file=none --table=-1 --interface=127.0.0.1 --listen-ng="127.0.0.1:$port" \
  --port-min="$first" --port-max="$((first + 999))" --delete-delay=0 --endpoint-learning=heuristic \
  --foreground --log-stderr --log-level=5 >"$run/log" 2>&1 </dev/null &
echo $! >"$run/pid"
for _ in $(seq 100); do
  # It listens when the port is taken.
  if grep -qi "$(printf ':%04X ' "$port")" /proc/net/udp; then
    echo "RTPENGINE=127.0.0.1:$port"
    exit 0
  fi
  kill -0 "$(cat "$run/pid")" 2>/dev/null || break
  sleep 0.1
done
echo 'rtpengine did not start:' >&2
tail -20 "$run/log" >&2
exit 1
