"""`make matrix`: the oldest packages have bounds, and the script fails when tests fail."""

import os
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
UV = """#!/usr/bin/env bash
case "$*" in
    *" venv "*) folder=${!#}; mkdir -p "$folder/bin"; cp "$(dirname "$0")/pytest" "$folder/bin/python" ;;
    *" compile "*) echo "numpy==2.0.0  # via w2v (pyproject.toml)"; echo "tqdm==4.1  # via kiwipiepy" ;;
    *" list "*) printf 'numpy   2.0.0\\npytest  9.0\\nscipy   1.14.0\\n' ;;
    *" install "*) echo "$*" >>"$(dirname "$0")/installed" ;;
esac
"""


@pytest.fixture
def matrix(tmp_path):
    """Run the script with a uv that installs nothing and a pytest that prints `result` and exits with `status`."""

    def run(ends: str, result: str = "7 passed", status: int = 0) -> subprocess.CompletedProcess[str]:
        for name, text in {"uv": UV, "pytest": f"#!/bin/sh\necho '{result}'\nexit {status}\n"}.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        environment = {"UV": str(tmp_path / "uv"), "MATRIX_ENVIRONMENTS": str(tmp_path / "environments")}
        command = [ROOT / "tests/matrix.sh", ends]
        return subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=False
        )

    return run


def test_every_package_has_one_lower_bound():
    for text in [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]:
        assert [each.operator for each in Requirement(text).specifier].count(">=") == 1, text


def test_versions_and_counts_are_printed_for_each_end(matrix, tmp_path):
    done = matrix(f"{sys.executable}:lowest {sys.executable}:highest")
    assert done.returncode == 0, done.stderr
    for which, line in zip(("lowest", "highest"), done.stdout.splitlines()[-2:], strict=True):
        assert f" {which}: numpy 2.0.0 scipy 1.14.0 : 7 passed" in line
    extras = ",".join(PROJECT["optional-dependencies"])
    assert f".[{extras}]" in (tmp_path / "installed").read_text()
    (constraints,) = (tmp_path / "environments").glob("*-lowest.txt")
    assert "numpy" in constraints.read_text()
    assert "tqdm" not in constraints.read_text()


def test_failed_tests_fail_the_matrix_after_the_last_end(matrix):
    done = matrix(f"{sys.executable}:lowest {sys.executable}:highest", "1 failed", 1)
    assert done.returncode == 1
    assert done.stdout.count("1 failed") == 4


@pytest.mark.parametrize("end", ["python3", "python3:newest", ":lowest", "python3.99:lowest"])
def test_an_invalid_end_is_an_error(matrix, end):
    done = matrix(end)
    assert done.returncode == 2
    assert end.removesuffix(":lowest") in done.stderr
