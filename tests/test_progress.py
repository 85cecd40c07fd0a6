"""What people see of a run: how far a Spark job is, what its failure was, and the table at the end."""

import io
import os
import re
from threading import Event
from types import SimpleNamespace

import pytest
from rich.console import Console

from w2v_core.config import TokenizeConfig
from w2v_core.console import progress as _progress
from w2v_core.console.progress import progress
from w2v_core.console.summary import print_summary, stage_status
from w2v_core.console.tables import aligned
from w2v_core.errors import UserError
from w2v_core.executors.base import Tasks
from w2v_core.executors.spark import SparkExecutor
from w2v_core.executors.spark_errors import SparkError, failure_of, reason_of
from w2v_core.runs import stage_writer as stage_writer_module
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import TaskResult
from w2v_core.runs.token_account import TokenAccount


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0.01)
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LOOKS", 0.01)


def follow(num_looks: int) -> None:
    """A job of seven tasks that ends once its progress was looked at so many times."""
    looks = []
    enough = Event()

    def look() -> Tasks:
        looks.append(None)
        if len(looks) == num_looks:
            enough.set()
        return Tasks(min(len(looks), 7), 7)

    with progress("tokens: reading text", look):
        assert num_looks == 0 or enough.wait(20)


@pytest.mark.usefixtures("console_log")
def test_off_a_terminal_a_short_job_is_two_lines(capsys):
    follow(0)
    assert capsys.readouterr().err.splitlines() == [
        "tokens: reading text",
        "tokens: reading text: 1/7 tasks, 0 s",
    ]


@pytest.mark.usefixtures("console_log")
def test_off_a_terminal_a_long_job_is_told_in_between(capsys, often):
    follow(3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "tokens: reading text"
    assert [line.split(",")[0] for line in lines[1:4]] == [
        f"tokens: reading text: {n}/7 tasks" for n in (1, 2, 3)
    ]


def bar_on(monkeypatch, **environment: str) -> str:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, _environ={"TERM": "xterm", **environment})
    monkeypatch.setattr(_progress, "console", console)
    follow(5)
    return screen.getvalue()


def test_on_a_terminal_a_bar_counts_tasks_and_is_gone_at_the_end(monkeypatch, often, capsys):
    shown = bar_on(monkeypatch)
    assert re.search(r"tokens: reading text .*[1-7]/7 tasks .*0:00:", shown)
    assert shown.endswith("\x1b[1A\x1b[2K"), "the bar still stands"
    assert capsys.readouterr().err == ""


COLOUR = re.compile("\x1b\\[(?:[0-9]+;)*(?:[39][0-7]|38)[;m]")


def test_no_color_is_respected(monkeypatch, often):
    assert COLOUR.search(bar_on(monkeypatch))
    assert not COLOUR.search(bar_on(monkeypatch, NO_COLOR="1"))


def test_progress_that_cannot_be_read_does_not_end_the_job(often):
    asked = Event()

    def look() -> Tasks:
        asked.set()
        raise ConnectionRefusedError

    with progress("tokens: reading text", look):
        assert asked.wait(20)


# On Spark


@pytest.mark.smoke
@pytest.mark.usefixtures("console_log")
def test_a_spark_job_tells_all_its_tasks_and_bears_its_name(spark_config, capsys):
    executor = SparkExecutor(spark_config, progress)
    task_results = executor.run_parts("tokens: reading text", 3, lambda part: TaskResult(part=part))
    assert [task_result.part for task_result in task_results] == [0, 1, 2]
    assert "tokens: reading text: 3/3 tasks" in capsys.readouterr().err


def test_a_python_worker_that_dies_is_one_line_that_names_the_job(spark_executor):
    with pytest.raises(SparkError) as failed:
        spark_executor.run_parts("tokens: reading text", 1, lambda _: os._exit(3))
    told = str(failed.value)
    assert told.startswith("tokens: reading text: Job aborted")
    assert "Python worker exited unexpectedly" in told
    assert "\n" not in told


# The table at the end


def finish(run: RunDir, stage: str, seconds_ago: float = 2.0) -> None:
    with run.rewrite(stage) as stage_writer:
        object.__setattr__(stage_writer, "started", stage_writer.started - seconds_ago)
        file = FileEntry(name="part-00000.parquet", rows=1200, bytes=2_500_000, crc32=0)
        tokens = TokenAccount(5000, 5000) if stage != "vectors" else None
        stage_writer.finish(config=TokenizeConfig(), inputs=stage, files=[file], tokens=tokens)


@pytest.mark.usefixtures("console_log")
def test_the_table_tells_what_was_made_what_stood_and_the_total(tmp_path, monkeypatch, capsys):
    run = RunDir.create(str(tmp_path / "run"))
    monkeypatch.setattr(RunDir, "require", RunDir.manifest)  # the files themselves are not there
    monkeypatch.setattr(
        stage_writer_module, "time", SimpleNamespace(monotonic=lambda: 100.0, sleep=lambda _: None)
    )
    finish(run, "tokens")
    finish(run, "vocab", 1.0)
    before = stage_status(run, ("tokens", "vocab", "vectors"))
    finish(run, "vocab")
    finish(run, "vectors", 3.0)
    print_summary(run, before)
    rows = [re.split(r"\s{2,}", line) for line in capsys.readouterr().err.splitlines()]
    assert rows == [
        ["stage", "seconds", "rows", "MB written", "tokens/s"],
        ["tokens", "up to date", "1,200"],
        ["vocab", "2.0", "1,200", "2.5", "2,500"],
        ["vectors", "3.0", "1,200", "2.5"],
        ["total", "5.0", "5.0"],
    ]


def test_columns_of_figures_end_at_one_place():
    assert aligned([("a", "seconds", "x"), ("total", "1.0", "")]) == ["a      seconds  x", "total      1.0"]


def test_a_cluster_without_room_is_told():
    told = str(Tasks(0, 7, has_executor=False))
    assert told.startswith("0/7 tasks, no executor yet")
    assert "spark.executor.memory" in told


MOST_RECENT = """An error occurred while calling o61.toArrow.
: org.apache.spark.SparkException: Job aborted due to stage failure:
Aborting TaskSet 2.0 because task 3 (partition 3)
cannot run anywhere due to node and executor excludeOnFailure.

Most recent failure:
Lost task 3.1 in stage 2.0: java.io.IOException: Connection reset by peer

	at org.apache.spark.Somewhere(Somewhere.scala:1)
"""


def test_a_failure_that_excluded_every_executor_is_told_with_its_cause():
    told = str(failure_of("shards", RuntimeError(MOST_RECENT), is_python=False))
    assert told.startswith("shards: Job aborted due to stage failure: Aborting TaskSet 2.0 because task 3")
    assert told.endswith("java.io.IOException: Connection reset by peer")


@pytest.mark.parametrize("is_python", [True, False])
@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device",
        "Lost task 3.1 in stage 2.0: java.io.IOException: No space left on device",
    ],
)
def test_a_full_disk_is_something_people_can_mend(line, is_python):
    failure = failure_of("shards: writing", RuntimeError(f"Job aborted\n\n{line}\n\tat x"), is_python)
    assert isinstance(failure, UserError)
    assert str(failure).startswith("shards: writing: No space left on device; make room in the run directory")


@pytest.mark.parametrize(
    "line",
    [
        "MemoryError",
        "pyarrow.lib.ArrowMemoryError: malloc of size 8",
        "numpy._core._exceptions._ArrayMemoryError: no",
    ],
)
def test_a_worker_without_memory_is_something_people_can_mend(line):
    failure = failure_of("shards", RuntimeError(f"Traceback\n  File x\n{line}\n"), is_python=True)
    assert isinstance(failure, UserError)
    assert "spark.executor.pyspark.memory" in str(failure)


def test_other_failures_of_python_code_are_themselves():
    error = RuntimeError("a fault of ours")
    assert failure_of("shards", error, is_python=True) is error


def test_what_py4j_called_is_no_reason():
    called = (
        "An error occurred while calling None.org.apache.spark.X.\n: java.net.BindException: port\n\tat y"
    )
    assert reason_of(RuntimeError(called)) == "java.net.BindException: port"
    assert reason_of(RuntimeError()) == "RuntimeError"
