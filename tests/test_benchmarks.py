"""`python -m benchmarks`: every benchmark is listed, documented, and describes its options."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import run_apart
from benchmarks.__main__ import SUMMARIES, main

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_benchmark_describes_its_options(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith(f"usage: python -m benchmarks {name} ")
    assert f"    python -m benchmarks {name} " in told.replace("OPENBLAS_NUM_THREADS=1 ", "")


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_page_on_benchmarks_has_a_command_for_each(name):
    assert f"python -m benchmarks {name}" in (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")


def test_without_a_name_all_are_listed():
    done = subprocess.run([sys.executable, "-m", "benchmarks"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    listed = done.stdout.decode()
    assert all(f"  {name} " in listed and summary in listed for name, summary in SUMMARIES.items())
    assert all(SUMMARIES.values())


def test_an_unknown_name_is_an_error_that_lists_the_names():
    with pytest.raises(SystemExit) as end:
        main(["trian"])
    assert "'trian'" in end.value.code
    assert ", ".join(SUMMARIES) in end.value.code


def test_a_run_apart_repeats_the_command_and_keeps_its_result(tmp_path, monkeypatch):
    commands = []

    def run(command, **_):
        commands.append(command[1:])
        return subprocess.CompletedProcess(command, 0, 'noise\n{"seconds": 1}\n')

    monkeypatch.setattr(sys, "argv", ["__main__.py", "query", "--words", "200"])
    monkeypatch.setattr(subprocess, "run", run)
    assert run_apart("--one", 1, log=tmp_path / "log.jsonl") == {"seconds": 1}
    assert commands == [["-m", "benchmarks", "query", "--words", "200", "--one", "1"]]
    assert (tmp_path / "log.jsonl").read_text() == '{"seconds": 1}\n'
