#!/usr/bin/env bash
# Stops what start.sh started in RTPENGINE_RUN.
set -euo pipefail
if [ -n "${RTPENGINE_RUN:-}" ] && [ -f "$RTPENGINE_RUN/pid" ]; then
  kill "$(cat "$RTPENGINE_RUN/pid")" 2>/dev/null || true
fi
