"""The script behind `make matrix`: which versions it takes, and what it makes of a suite's end."""

import re
import sys
import tomllib
from pathlib import Path

import matrix
import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SMALL = {
    "dependencies": ["numpy>=2.0", "pydantic>=2.9"],
    "optional-dependencies": {
        "spark": ["pyspark>=4.0,<5"],
        "avro": ["fastavro[snappy,zstandard]>=1.9"],
        "dev": ["pytest>=8.3"],
    },
}


def test_the_lower_bounds_are_those_of_the_project():
    assert matrix.lower_bounds(SMALL) == {
        "numpy": "2.0",
        "pydantic": "2.9",
        "pyspark": "4.0",
        "fastavro": "1.9",
    }


def test_every_package_that_we_or_an_extra_need_has_a_lower_bound():
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(text for name in extras for text in extras[name] if name != "dev")]
    found = matrix.lower_bounds(PROJECT)
    assert len(found) == len(wanted)
    for text in wanted:
        name = re.match(r"[A-Za-z0-9.-]+", text)[0]
        assert f">={found[name]}" in text
    assert all(">=" in text for text in extras["dev"])


def test_a_package_without_a_lower_bound_is_refused():
    with pytest.raises(SystemExit, match="numpy<3 in pyproject.toml has no lower bound"):
        matrix.lower_bounds({"dependencies": ["numpy<3"], "optional-dependencies": {}})


def test_the_packages_that_are_shown_are_ours_and_sparks():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["spark"]]
    assert list(matrix.SHOWN) == [re.match(r"[a-z]+", text)[0] for text in wanted]


def test_versions_are_read_from_what_uv_compiles():
    compiled = "# by uv\nfastavro==1.9.0\n    # via w2v\nnumpy==2.0.0 ; python_version < '3.13'\n\n"
    assert matrix.pins(compiled) == {"fastavro": "1.9.0", "numpy": "2.0.0"}


def test_a_version_that_is_not_the_bound_is_told():
    bounds = {"numpy": "2.0", "scipy": "1.14", "mecab-ko": "1.0.3"}
    assert matrix.departures(bounds, {"numpy": "2.0.0", "scipy": "1.14", "mecab-ko": "1.0.3"}) == []
    assert matrix.departures(bounds, {"numpy": "2.1.0", "scipy": "1.14.1", "mecab-ko": "1.0.3"}) == [
        "numpy 2.1.0 for 2.0",
        "scipy 1.14.1 for 1.14",
    ]


def test_tests_are_counted_from_pytests_file():
    junit = '<testsuites><testsuite tests="10" skipped="2" failures="1" errors="1"/></testsuites>'
    assert matrix.counts(junit) == (6, 2, 2)


@pytest.mark.parametrize("text", ["python3", "python3:newest", ":lowest"])
def test_an_end_that_is_none_is_refused(text):
    with pytest.raises(SystemExit, match="is not INTERPRETER:lowest or INTERPRETER:highest"):
        matrix.End.parse(text)


def test_an_interpreter_that_is_not_there_is_refused():
    with pytest.raises(SystemExit, match=r"no interpreter python3\.99 is on PATH"):
        matrix.End.parse("python3.99:lowest")


def test_ends_of_one_python_share_no_file():
    one, other = (matrix.End.parse(f"{sys.executable}:{which}") for which in ("lowest", "highest"))
    assert one.beside(".log") != other.beside(".log")


def test_a_table_has_a_line_an_end():
    versions = dict.fromkeys(matrix.SHOWN, "1.2")
    text = matrix.table([matrix.Row("3.11.7", "lowest", versions, 2700, 28, 0, 900.4)])
    head, _, line = text.splitlines()
    assert head == f"| Python | packages | {' | '.join(matrix.SHOWN)} | passed | skipped | failed | seconds |"
    assert line == f"| 3.11.7 | lowest |{' 1.2 |' * len(matrix.SHOWN)} 2,700 | 28 | 0 | 900 |"
