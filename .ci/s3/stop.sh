#!/bin/sh
# Ends the S3 server that start.sh began, and removes what it kept. The same settings as there.
set -eu
run=${S3_RUN:-${TMPDIR:-/tmp}/tributary-s3-${S3_PORT:-19300}}
if [ -f "$run/pid" ]; then kill "$(cat "$run/pid")" 2>/dev/null || true; fi
rm -rf "$run"
