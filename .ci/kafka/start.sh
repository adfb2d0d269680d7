#!/bin/sh
# Starts one real Kafka broker (KRaft, loopback only) for the tests, or finds the one that already runs, and prints
#   KAFKA_BROKERS=127.0.0.1:<port>
# It needs Java 17 or later and Maven. Settings, all optional, from the environment:
#   KAFKA_PORT (19092)   KAFKA_CONTROLLER_PORT (the port after it)   KAFKA_HEAP (512m)
#   KAFKA_ADVERTISED_PORT (KAFKA_PORT): another one makes clients come through whatever stands there, a proxy of a test
#   KAFKA_EXTRA   a file whose lines are added to server.properties
#   KAFKA_SCRAM   a user for SCRAM-SHA-512, as name=...,password=...
#   KAFKA_CACHE   where the jars are kept       (${XDG_CACHE_HOME:-$HOME/.cache}/tributary-kafka)
#   KAFKA_RUN     pid, log and data of this run (${TMPDIR:-/tmp}/tributary-kafka-<port>; a start empties it)
#   KAFKA_KEEP=1  start on the data that is there, as after a crash, instead of on an empty log
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
port=${KAFKA_PORT:-19092}
controller_port=${KAFKA_CONTROLLER_PORT:-$((port + 1))}
cache=${KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tributary-kafka}
run=${KAFKA_RUN:-${TMPDIR:-/tmp}/tributary-kafka-$port}
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
libs=$cache/$version/libs

alive() { [ -f "$run/pid" ] && kill -0 "$(cat "$run/pid")" 2>/dev/null; }

if alive; then
  echo "KAFKA_BROKERS=127.0.0.1:$port"
  exit 0
fi

# The jars come into a folder of their own first, so that an interrupted download is not taken for a whole one.
if [ ! -d "$libs" ]; then
  rm -rf "$libs.part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs.part" >&2
  mv "$libs.part" "$libs"
fi

keep=
if [ "${KAFKA_KEEP:-}" = 1 ] && [ -d "$run/data" ]; then keep=1; else rm -rf "$run"; fi
mkdir -p "$run"
sed -e "s:@PORT@:$port:g" -e "s:@ADVERTISED_PORT@:${KAFKA_ADVERTISED_PORT:-$port}:g" \
  -e "s:@CONTROLLER_PORT@:$controller_port:g" -e "s:@DATA@:$run/data:g" \
  "$here/server.properties" >"$run/server.properties"
[ -z "${KAFKA_EXTRA:-}" ] || cat "$KAFKA_EXTRA" >>"$run/server.properties"

log4j="-Dlog4j2.configurationFile=$here/log4j2.properties"
if [ -z "$keep" ]; then
  id=$(java -Xmx128m "$log4j" -cp "$libs/*" kafka.tools.StorageTool random-uuid)
  java -Xmx128m "$log4j" -cp "$libs/*" kafka.tools.StorageTool format --standalone -t "$id" \
    ${KAFKA_SCRAM:+--add-scram "SCRAM-SHA-512=[$KAFKA_SCRAM]"} -c "$run/server.properties" >"$run/format.log" 2>&1 || { cat "$run/format.log" >&2; exit 1; }
fi

nohup java "-Xmx${KAFKA_HEAP:-512m}" -Xms128m -XX:+UseSerialGC "$log4j" -cp "$libs/*" \
  kafka.Kafka "$run/server.properties" >"$run/broker.log" 2>&1 </dev/null &
echo $! >"$run/pid"

tries=0
until grep -q 'Kafka Server started' "$run/broker.log"; do
  tries=$((tries + 1))
  if ! alive || [ "$tries" -gt 240 ]; then
    echo "The Kafka broker did not start within 60 s; its log:" >&2
    tail -n 50 "$run/broker.log" >&2
    exit 1
  fi
  sleep 0.25
done
echo "KAFKA_BROKERS=127.0.0.1:$port"
