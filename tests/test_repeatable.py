"""The same bytes, whatever runs the tasks: masters, splits, files, killed tasks and executors, speculation."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from standalone import SPARK_HOME, standalone_cluster
from test_pipeline import bytes_of
from zipf_lines import zipf_lines

from w2v_core.pipeline.verify import verify
from w2v_core.runs.run_directory import RunDir

TESTS = Path(__file__).parent
SETTINGS = ("tokenize.split_bytes=200000", "shards.target_rows=20000", "shards.window=3", "train.epochs=1")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """A file of 12,000 lines, some of them again and again; about 1 MB."""
    draw = random.Random(7)
    lines = zipf_lines(draw)
    lines += draw.choices(lines[:50], k=2000)
    path = tmp_path_factory.mktemp("repeatable") / "글.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def expected(finished_runs, text):
    """What two processes of this machine make of it."""
    run = RunDir.open(str(finished_runs(text, *SETTINGS)))
    assert len(run.require("tokens").files) > 4
    assert len(run.require("shards").files) > 4
    return run


def assert_same(run: RunDir, expected: RunDir) -> None:
    for stage in ("vocab", "shards"):
        assert bytes_of(run, stage) == bytes_of(expected, stage), stage
        assert run.require(stage).tokens == expected.require(stage).tokens
    assert run.require("shards").digest == expected.require("shards").digest is not None
    assert [problem for stage in verify(run) for problem in stage.problems] == []
    assert list(Path(run.folder.path).glob("*/_temporary")) == []


@pytest.mark.parametrize("split_bytes", [1 << 24, 70_001, 12_345])
def test_split_sizes_change_nothing(make_run, text, expected, split_bytes):
    run = make_run(text, *SETTINGS, f"tokenize.split_bytes={split_bytes}")
    assert len(run.require("tokens").files) != len(expected.require("tokens").files)
    assert_same(run, expected)


def test_seven_files_in_another_order_change_nothing(make_run, text, expected, tmp_path):
    lines, folder = text.read_text().split("\n"), tmp_path / "일곱"
    folder.mkdir()
    for number, name in enumerate("gcaebfd"):
        (folder / f"{name}.txt").write_text("\n".join(lines[number * 1777 : (number + 1) * 1777]))
    assert len(lines) <= 7 * 1777
    assert_same(make_run(folder, *SETTINGS), expected)


# Spark sessions of their own


def the_tasks(folder: Path) -> list[dict]:
    """The end of every task, from Spark's event log."""
    lines = [line for path in folder.rglob("*") if path.is_file() for line in path.read_text().splitlines()]
    events = [json.loads(line) for line in lines if line.startswith('{"Event"')]
    return [event for event in events if event["Event"] == "SparkListenerTaskEnd"]


def run_on(
    master: str, text: Path, folder: Path, fault: str | None = None, **conf: str
) -> tuple[RunDir, list[dict]]:
    """`w2v run` on `master` in a process of its own: the run, and the tasks that Spark ended."""
    events, marks, home = folder / "events", folder / "marks", folder / "spark"
    for path in (events, marks, home):
        path.mkdir()
    for entry in SPARK_HOME.iterdir():  # local-cluster makes a folder `work` in Spark's home
        (home / entry.name).symlink_to(entry)
    conf |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri()}
    conf |= {"spark.eventLog.rolling.enabled": "false", "spark.eventLog.compress": "false"}
    if fault:
        python_path = os.pathsep.join([str(TESTS / "faults"), str(TESTS.parent)])
        conf |= {"spark.executorEnv.PYTHONPATH": python_path, "spark.executorEnv.W2V_FAULT": fault}
        conf |= {"spark.executorEnv.W2V_FAULT_MARKS": str(marks)}
    settings = [*SETTINGS, "vocab.min_count=2", "vocab.sample=0.05", "train.vector_size=8", "train.workers=1"]
    settings += [f"spark.master={master}", *(f'spark.conf."{key}"="{value}"' for key, value in conf.items())]
    command = [
        sys.executable,
        "-m",
        "w2v_core.cli",
        "run",
        "--run-dir",
        str(folder / "run"),
        "--input",
        str(text),
    ]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(
        command,
        cwd=TESTS.parent,
        env={**os.environ, "SPARK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    if fault:
        assert {path.name for path in marks.iterdir()} >= {"tokens", "shards"}
    return RunDir.open(str(folder / "run")), the_tasks(events)


def failures(tasks: list[dict]) -> int:
    return sum(task["Task End Reason"]["Reason"] != "Success" for task in tasks)


@pytest.mark.spark
def test_one_core_changes_nothing(text, expected, tmp_path):
    run, tasks = run_on("local[1]", text, tmp_path)
    assert failures(tasks) == 0
    assert_same(run, expected)


@pytest.mark.spark
def test_killed_python_workers_change_nothing(text, expected, tmp_path):
    run, tasks = run_on("local[2,4]", text, tmp_path, fault="worker")
    assert failures(tasks) >= 2
    assert_same(run, expected)


@pytest.mark.spark
def test_a_cluster_whose_executors_are_killed_changes_nothing(text, expected, tmp_path):
    run, tasks = run_on("local-cluster[2,1,1024]", text, tmp_path, fault="executor")
    assert {"ExecutorLostFailure"} <= {task["Task End Reason"]["Reason"] for task in tasks}
    assert_same(run, expected)


@pytest.mark.spark
def test_speculative_copies_of_stragglers_change_nothing(text, expected, tmp_path):
    speculation = {
        "spark.speculation": "true",
        "spark.speculation.interval": "50ms",
        "spark.speculation.quantile": "0.5",
        "spark.speculation.multiplier": "1.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "800m",
    }
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    with standalone_cluster(cluster) as master:
        run, tasks = run_on(master, text, tmp_path, fault="straggler", **speculation)
    assert any(task["Task Info"]["Speculative"] for task in tasks)
    assert_same(run, expected)
