#!/bin/sh
# Starts one real S3 server (S3Proxy over a folder, loopback only) for the tests and prints
#   S3_SERVER=http://127.0.0.1:<port>
# It checks signatures; its key is tributary, its secret tributary-secret. It needs Java 17 or later and Maven. Settings, all optional:
#   S3_PORT (19300)
#   S3_CACHE  where the jars are kept       (${XDG_CACHE_HOME:-$HOME/.cache}/tributary-s3)
#   S3_RUN    pid, log and data of this run (${TMPDIR:-/tmp}/tributary-s3-<port>; a start empties it)
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
port=${S3_PORT:-19300}
cache=${S3_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tributary-s3}
run=${S3_RUN:-${TMPDIR:-/tmp}/tributary-s3-$port}
version=$(sed -n 's:.*<s3proxy.version>\(.*\)</s3proxy.version>.*:\1:p' "$here/pom.xml")
libs=$cache/$version/libs

alive() { [ -f "$run/pid" ] && kill -0 "$(cat "$run/pid")" 2>/dev/null; }

if alive; then
  echo "S3_SERVER=http://127.0.0.1:$port"
  exit 0
fi

# The jars come into a folder of their own first, so that an interrupted download is not taken for a whole one.
if [ ! -d "$libs" ]; then
  rm -rf "$libs.part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs.part" >&2
  mv "$libs.part" "$libs"
fi

rm -rf "$run"
mkdir -p "$run/data"
cat >"$run/s3proxy.conf" <<CONF
s3proxy.endpoint=http://127.0.0.1:$port
s3proxy.authorization=aws-v4
s3proxy.identity=tributary
s3proxy.credential=tributary-secret
jclouds.provider=filesystem-nio2
jclouds.filesystem.basedir=$run/data
CONF
nohup java -Xmx256m -XX:+UseSerialGC -cp "$libs/*" org.gaul.s3proxy.Main --properties "$run/s3proxy.conf" \
  >"$run/server.log" 2>&1 </dev/null &
echo $! >"$run/pid"

tries=0
until curl -s -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null || { ! command -v curl >/dev/null && grep -q 'Started' "$run/server.log"; }; do
  tries=$((tries + 1))
  if ! alive || [ "$tries" -gt 120 ]; then
    echo "The S3 server did not start within 30 s; its log:" >&2
    tail -n 30 "$run/server.log" >&2
    exit 1
  fi
  sleep 0.25
done
echo "S3_SERVER=http://127.0.0.1:$port"
