#!/bin/sh
# A base image where no registry can be reached: Debian's packages, by debootstrap and docker import.
#
#   sudo conf/docker/make_base_image.sh [NAME]
#
# NAME is the image's, w2v-base by default. Needs root, debootstrap, Docker, and Debian's package server or a mirror of it,
# which MIRROR names.
set -eu
cd "$(dirname "$0")/../.."
name=${1:-w2v-base}
mirror=${MIRROR:-http://deb.debian.org/debian}
suite=bookworm
packages=$(sed -n 's/^ARG PACKAGES="\(.*\)"$/\1/p' Dockerfile | tr ' ' ,)

say() { echo "base image: $*" >&2; }

[ "$(id -u)" = 0 ] || { say "debootstrap needs root: sudo $0"; exit 2; }
command -v debootstrap >/dev/null || { say "debootstrap is missing: apt-get install debootstrap"; exit 2; }
docker info >/dev/null 2>&1 || { say "no Docker engine answers"; exit 2; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

say "Debian $suite with $packages"
debootstrap --variant=minbase --foreign --include="$packages,ca-certificates" "$suite" "$root" "$mirror" >&2
# Java's package fails to set up without the folder of its manual page.
mkdir -p "$root/usr/share/man/man1"
chroot "$root" /debootstrap/debootstrap --second-stage >&2
rm -rf "$root"/tmp/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*
tar --directory "$root" --create --exclude=./dev --exclude=./proc --exclude=./sys . | docker import - "$name" >&2
say "$name is ready"
