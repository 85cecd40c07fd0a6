#!/bin/sh
# A night every W2V_EVERY_SECONDS, with the options of `w2v nightly`, until the container is stopped.
#
#   conf/docker/nights.sh --store /data/store --name news --work /data/nights/news --input /data/arriving
#
# What a night ends with is told, and the next one tries again: it goes on where that one was, and does nothing where
# nothing is new. A stop goes on to the night, which saves a checkpoint.
set -u
every=${W2V_EVERY_SECONDS:-300}
stopped=
waited_for=

stop() {
    stopped=yes
    [ -z "$waited_for" ] || kill -TERM "$waited_for" 2>/dev/null
}
trap stop TERM INT

# Wait for a process of ours; a signal interrupts the first wait, and the second sees the end.
await() {
    waited_for=$1
    [ -z "$stopped" ] || kill -TERM "$1" 2>/dev/null # a signal that came before there was anybody to tell
    wait "$1"
    code=$?
    [ -z "$stopped" ] || wait "$1" 2>/dev/null
    waited_for=
}

while [ -z "$stopped" ]; do
    python dist/w2v.zip nightly "$@" &
    await $!
    [ "$code" -eq 0 ] || [ -n "$stopped" ] || echo "nights: ended with exit code $code; again in $every seconds" >&2
    [ -z "$stopped" ] || break
    sleep "$every" &
    await $!
done
echo "nights: stopped" >&2
