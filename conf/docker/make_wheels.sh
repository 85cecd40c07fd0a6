#!/bin/sh
# wheels/: every Python package that the Dockerfile installs, so that the image is built without a network.
#
#   conf/docker/make_wheels.sh
#
# Needs Python 3.11 or later with pip, and Python's package server or a mirror of it. Does nothing where wheels/ is of the
# same requirements.
set -eu
cd "$(dirname "$0")/../.."
python=3.11 # the image's, which is Debian bookworm's
pyspark=$(sed -n 's/^ARG PYSPARK=//p' Dockerfile)

wanted=$(python3 conf/docker/requirements.py; echo "pyspark==$pyspark")
if [ "$(cat wheels/requirements.txt 2>/dev/null)" = "$wanted" ]; then
    exit
fi
echo "wheels: downloading for Python $python" >&2
rm -rf wheels
mkdir wheels
requirements=$(mktemp)
trap 'rm -f "$requirements"' EXIT
echo "$wanted" >"$requirements"
# PySpark is published as a source archive of Python and jars; all others have wheels.
python3 -m pip wheel --quiet --no-deps --wheel-dir wheels "pyspark==$pyspark"
python3 -m pip download --quiet --dest wheels --find-links wheels --only-binary=:all: --python-version "$python" \
    --requirement "$requirements"
cp "$requirements" wheels/requirements.txt
