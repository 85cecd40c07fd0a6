"""`w2v demo`: the first command that most people run, on a few modules and with few epochs."""

import json
from functools import partial
from pathlib import Path

import pytest

from w2v_core.cli.commands import demo as run_demo
from w2v_core.pipeline.demo_corpus import write_corpus
from w2v_core.runs.artifacts import STAGES

SMALL = (
    "vocab.min_count=2",
    "train.vector_size=8",
    "train.epochs=1",
    "train.workers=1",
)


@pytest.fixture
def demo(w2v, tmp_path, monkeypatch):
    """Runs `w2v demo ARGUMENTS…` on the docstrings of one standard module: (run directory, what it told)."""
    monkeypatch.setattr(run_demo, "write_corpus", partial(write_corpus, roots=[Path(json.__file__).parent]))
    monkeypatch.setattr(run_demo, "SETTINGS", SMALL)
    monkeypatch.setattr(run_demo, "WORDS", ("json", "wombat"))

    def run(*arguments):
        code, _, told = w2v("demo", "--run-dir", str(tmp_path / "demo"), *arguments)
        assert code == 0, told
        return tmp_path / "demo", told

    return run


def test_the_demo_makes_every_stage_and_tells_what_came_of_it(demo):
    folder, told = demo()
    assert {path.parent.name for path in folder.glob("*/manifest.json")} == set(STAGES) - {"phrases"}
    lines = told.splitlines()
    neighbors = lines[lines.index("neighbors") + 1]
    assert neighbors.startswith("  json")
    assert len(neighbors.split()) > 6
    assert "  wombat: not in this corpus" in lines
    assert any(line.startswith("analogies: ") and line.endswith(" hold") for line in lines)
    (page,) = (line for line in lines if line.startswith("a page about it"))
    assert Path(page.split(": ", 1)[1]).exists()


def test_a_second_demo_leaves_text_and_stages_alone(demo):
    folder, _ = demo()
    made = [folder / "corpus" / "docstrings.txt", *folder.glob("*/manifest.json")]
    paths = [path for path in made if path.parent.name != "reports"]  # its page is drawn anew
    before = {path: path.stat().st_mtime_ns for path in paths}
    demo()
    assert {path: path.stat().st_mtime_ns for path in paths} == before


def test_a_demo_can_stop_after_its_text(demo):
    folder, _ = demo("--corpus-only")
    assert not list(folder.glob("*/manifest.json"))
    assert "JSON" in (folder / "corpus" / "docstrings.txt").read_text()


def test_an_unknown_executor_is_refused_before_any_work(w2v, tmp_path):
    code, _, err = w2v("demo", "--run-dir", str(tmp_path / "demo"), "--executor", "ray")
    assert code == 2
    assert all(word in err for word in ("--executor", "ray", "local", "spark"))
    assert not (tmp_path / "demo").exists()
