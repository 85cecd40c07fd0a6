#!/bin/sh
# Nights in a container while text arrives: slices of the docstring corpus are dropped one by one, and after each the
# service `nightly` trains on it, asks the gate, and moves `current`.
#
#   conf/docker/scheduler_demo.sh [SLICES]
#
# In a project of its own, so that the volume of `make up` is left alone; it is removed at the end.
set -eu
slices=${1:-3}
patience=600 # seconds a night may take
compose="$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) --project-name w2v-scheduler-demo"
export W2V_EVERY_SECONDS=5 W2V_MODEL=docstrings W2V_NIGHTS_CONFIG=conf/docker/scheduler_demo.toml
work=/data/nights/$W2V_MODEL

inside() { $compose exec -T nightly "$@"; }
w2v() { inside python dist/w2v.zip "$@"; }
nights() { w2v status --work "$work" --json 2>/dev/null | tr ',' '\n' | grep -c '"outcome": "published"' || true; }
# By another name first: files whose names begin with a dot are not read, so a night never sees half a slice.
drop() { inside sh -c "cp /data/corpus/slice.$1 /data/arriving/.$1 && mv /data/arriving/.$1 /data/arriving/slice-$1.txt"; }

trap '$compose down --volumes >/dev/null 2>&1' EXIT
echo "demo: gathering docstrings, in $slices slices" >&2
$compose run --rm -T --entrypoint sh trainer -c "
    python dist/w2v.zip demo --run-dir /data/docstrings --corpus-only &&
    mkdir -p /data/corpus /data/arriving &&
    split --number=l/$slices --numeric-suffixes=1 --suffix-length=1 \
        /data/docstrings/corpus/docstrings.txt /data/corpus/slice." >&2
$compose up --detach nightly >&2

slice=1
while [ "$slice" -le "$slices" ]; do
    echo "demo: slice $slice arrives" >&2
    drop "$slice"
    waited=0
    until [ "$(nights)" -ge "$slice" ]; do
        [ "$waited" -lt "$patience" ] || { echo "demo: no version after $patience seconds" >&2; $compose logs nightly >&2; exit 1; }
        sleep 5
        waited=$((waited + 5))
    done
    w2v status --work "$work"
    w2v models list --store /data/store --name "$W2V_MODEL"
    slice=$((slice + 1))
done
$compose logs --no-color nightly | grep -E 'night:|gate:|words start|nights:' >&2
w2v neighbors --vectors "/data/store/$W2V_MODEL@current" array string file
$compose stop nightly >&2
