#!/bin/sh
# The image of docker-compose.yml, unless it is there and of the same files.
#
#   conf/docker/make_image.sh [NAME]
#
# BASE is the image that it starts from, debian:bookworm-slim by default. Where no registry gives that one, a base is made
# from Debian's packages by make_base_image.sh, which needs root, and Python's packages come from make_wheels.sh.
set -eu
cd "$(dirname "$0")/../.."
name=${1:-w2v}
base=${BASE:-debian:bookworm-slim}

say() { echo "image: $*" >&2; }

docker info >/dev/null 2>&1 || { say "no Docker engine answers; start one, or run the tests without: make test-cluster CLUSTER=processes"; exit 2; }

inputs=$(cat Dockerfile pyproject.toml conf/docker/requirements.py | cksum | tr ' ' -)
if [ "$(docker image inspect --format '{{index .Config.Labels "w2v.inputs"}}' "$name" 2>/dev/null)" = "$inputs" ]; then
    say "$name is up to date"
    exit
fi
if ! docker image inspect "$base" >/dev/null 2>&1 && ! docker pull --quiet "$base" >&2; then
    say "no registry gives $base"
    base=w2v-base
    docker image inspect $base >/dev/null 2>&1 || conf/docker/make_base_image.sh $base
    conf/docker/make_wheels.sh
fi
say "building $name on $base"
docker build --build-arg "BASE=$base" --label "w2v.inputs=$inputs" --tag "$name" . >&2
say "$name has $(docker image inspect --format '{{.Size}}' "$name" | awk '{printf "%.0f MB", $1 / 1e6}')"
