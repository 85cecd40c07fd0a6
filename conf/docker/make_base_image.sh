#!/bin/sh
# A base image where no registry can be reached: Debian's packages, by debootstrap and docker import, and wheels/ with
# every Python package that the Dockerfile installs. Needs root, debootstrap, Docker, Python 3.11 or later with pip, and
# Debian's and Python's package servers (or mirrors of them).
#
#   sudo conf/docker/make_base_image.sh [NAME]
#
# NAME is the image's, w2v-base by default. MIRROR is Debian's server.
set -eu
cd "$(dirname "$0")/../.."
name=${1:-w2v-base}
mirror=${MIRROR:-http://deb.debian.org/debian}
suite=bookworm
python=3.11 # of this suite
pyspark=$(sed -n 's/^ARG PYSPARK=//p' Dockerfile)
packages=$(sed -n 's/^ARG PACKAGES="\(.*\)"$/\1/p' Dockerfile | tr ' ' ,)

say() { echo "base image: $*" >&2; }

[ "$(id -u)" = 0 ] || { say "debootstrap needs root: sudo $0"; exit 2; }
command -v debootstrap >/dev/null || { say "debootstrap is missing: apt-get install debootstrap"; exit 2; }
docker info >/dev/null 2>&1 || { say "no Docker engine answers"; exit 2; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

say "Debian $suite with $packages"
# Java's package fails to set up without the folder of its manual page.
debootstrap --variant=minbase --foreign --include="$packages,ca-certificates" "$suite" "$root" "$mirror" >&2
mkdir -p "$root/usr/share/man/man1"
chroot "$root" /debootstrap/debootstrap --second-stage >&2
rm -rf "$root"/tmp/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*
tar --directory "$root" --create --exclude=./dev --exclude=./proc --exclude=./sys . | docker import - "$name" >&2

say "wheels"
requirements=$(mktemp)
{ python3 conf/docker/requirements.py; echo "pyspark==$pyspark"; } >"$requirements"
mkdir -p wheels
# PySpark is published as a source archive of Python and jars; all others have wheels.
python3 -m pip wheel --quiet --no-deps --wheel-dir wheels "pyspark==$pyspark"
python3 -m pip download --quiet --dest wheels --find-links wheels --only-binary=:all: \
    --python-version "$python" --requirement "$requirements"
rm "$requirements"
python3 -m pip download --quiet --dest wheels --only-binary=:all: venv-pack setuptools # for conf/make_archive.sh
say "$name and $(ls wheels | wc -l) wheels are ready"
