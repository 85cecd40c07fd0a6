"""Tasks in processes of this machine: order, errors, processes that die, and what is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import hostile_tasks
import pyarrow as pa
import pytest
from hostile_tasks import ROWS
from small_settings import small_config

from w2v_core.errors import InputError, UserError
from w2v_core.executors.base import RowsOfParts, Tasks
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.temporary_folder import OWNER, PREFIX
from w2v_core.locking.process_identity import Process
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

JOB = "tokens: reading text"
SLOW = ("tokenize.tokenizer=regex", r"tokenize.pattern='\w+(?=[\w\s]*)'", "tokenize.split_bytes=60000")
"""For every word the rest of its line is read."""


@pytest.fixture
def local(tmp_path) -> Iterator[LocalExecutor]:
    """Two processes, whose temporary files are below tmp_path."""
    (tmp_path / "shuffle").mkdir()
    with LocalExecutor(2, str(tmp_path / "shuffle")) as executor:
        yield executor


@pytest.fixture
def nothing_left(tmp_path) -> Callable[[], bool]:
    """Whether no worker of this process and no temporary file is left, but those from before the test."""
    before = workers_of(os.getpid())
    return lambda: workers_of(os.getpid()) <= before and not any((tmp_path / "shuffle").iterdir())


def workers_of(parent: int) -> set[int]:
    """The living worker processes of `parent`, from /proc."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, ppid = (path / "stat").read_text().rpartition(")")[2].split()[:2]
            is_worker = b"local_worker" in (path / "cmdline").read_bytes()
        except OSError:
            continue
        if is_worker and int(ppid) == parent and state != "Z":
            found.add(int(path.name))
    return found


def test_results_come_in_the_order_of_the_parts(local):
    assert [result.part for result in local.run_parts(JOB, 37, hostile_tasks.succeed)] == list(range(37))


def test_processes_are_started_once_and_no_more_than_there_are_tasks(local):
    before = workers_of(os.getpid())
    local.run_parts(JOB, 1, hostile_tasks.succeed)
    (first,) = workers_of(os.getpid()) - before
    local.run_parts(JOB, 5, hostile_tasks.succeed)
    assert first in workers_of(os.getpid())
    told = local.run_parts(JOB, 20, hostile_tasks.tell_process)
    assert len({result.counters["process"] for result in told}) <= 2


def test_no_task_is_a_job_too(local):
    assert local.run_parts(JOB, 0, hostile_tasks.succeed) == []


def test_rows_of_one_key_come_to_one_part_and_none_is_lost(local):
    source = RowsOfParts(3, partial(hostile_tasks.rows_of, 25_000), ROWS)
    few = pa.record_batch([[1, 2, 3], [4, 5, 6]], schema=ROWS)
    results = local.run_shuffled(JOB, [source, few], "key", 5, hostile_tasks.sum_rows)
    assert [result.part for result in results] == list(range(5))
    assert sum(result.counters["rows"] for result in results) == 75_003
    expected = sum(
        batch["value"].to_numpy().sum() % 1_000_003
        for part in range(3)
        for batch in hostile_tasks.rows_of(25_000, part)
    )
    assert sum(result.counters["sum"] for result in results) % 1_000_003 == (expected + 15) % 1_000_003


def test_a_shuffle_removes_its_files_and_a_part_may_be_empty(local, tmp_path):
    few = pa.record_batch([[1], [4]], schema=ROWS)
    results = local.run_shuffled(JOB, [few], "key", 9, hostile_tasks.sum_rows)
    assert sorted(result.counters["rows"] for result in results) == [0] * 8 + [1]
    (folder,) = (tmp_path / "shuffle").iterdir()
    assert [path.name for path in folder.iterdir()] == [OWNER]


# Tasks that fail


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (hostile_tasks.be_killed, f"{JOB}: a worker process was killed by SIGKILL; if memory was short"),
        (hostile_tasks.leave, f"{JOB}: a worker process ended with exit status 3; run again"),
        (hostile_tasks.need_memory, f"{JOB}: a worker process is out of memory; lower executor.workers"),
        (hostile_tasks.raise_user_error, "tasks say which file is damaged; write it again"),
    ],
)
def test_a_task_that_fails_ends_the_job_with_one_sentence(local, nothing_left, task, told):
    with pytest.raises(UserError) as failed:
        local.run_parts(JOB, 2, task)
    assert str(failed.value).startswith(told)
    assert "\n" not in str(failed.value)
    assert nothing_left()
    assert len(local.run_parts(JOB, 3, hostile_tasks.succeed)) == 3, "the executor starts again"


def test_an_exception_that_pickle_cannot_make_again_is_told_with_its_class_and_trace(local, nothing_left):
    with pytest.raises(RuntimeError, match="NeedsTwoError: this and that") as failed:
        local.run_parts(JOB, 2, hostile_tasks.raise_unpicklable)
    assert "raise_unpicklable" in "".join(failed.value.__notes__)
    assert nothing_left()


@pytest.fixture
def text(tmp_path) -> Path:
    words = " ".join(f"w{n * n % 997}" for n in range(700))
    (tmp_path / "text.txt").write_text(f"{words}\n" * 150)
    return tmp_path / "text.txt"


def test_a_worker_that_is_killed_in_a_stage_leaves_no_part_of_the_stage(tmp_path, text, nothing_left):
    """As the kernel does where memory is short."""

    @contextmanager
    def kill_one(job: str, look: Callable[[], Tasks]) -> Iterator[None]:
        def kill() -> None:
            until(lambda: any((tmp_path / "run" / "tokens" / "_temporary").iterdir()))
            os.kill(min(workers_of(os.getpid()) - before), signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        yield
        thread.join()

    before = workers_of(os.getpid())
    (tmp_path / "shuffle").mkdir()
    run, config = RunDir.create(str(tmp_path / "run")), small_config(*SLOW)
    with (
        LocalExecutor(2, str(tmp_path / "shuffle"), kill_one) as executor,
        pytest.raises(UserError, match=f"^{JOB}: a worker process was killed by SIGKILL; [^\n]*$"),
    ):
        tokenize_corpus(run, find_files([str(text)]), config, executor)
    assert run.manifest("tokens") is None
    assert not (tmp_path / "run" / "tokens").exists()
    assert nothing_left()


def until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_full_disk_under_a_shuffle_is_told_by_its_own_words(tmp_path, local, nothing_left):
    source = RowsOfParts(2, partial(hostile_tasks.rows_of_limited, 200_000), ROWS)
    with pytest.raises(OSError, match=r"File too large|No space left"):
        local.run_shuffled(JOB, [source], "key", 3, hostile_tasks.sum_rows)
    assert nothing_left()


def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(UserError, match=r"^executor\.temp_dir = /proc/nowhere: .*folder"):
        LocalExecutor(1, "/proc/nowhere").run_parts(JOB, 1, hostile_tasks.succeed)


def test_a_table_needs_spark(local):
    with pytest.raises(InputError, match="^input table:texts: only Spark reads catalog tables"):
        local.read_table("texts")


# Parents of many kinds

SCRIPT = """
import hostile_tasks, sys, tempfile
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.temporary_folder import OWNER, PREFIX
executor = LocalExecutor(2)
print(len(executor.run_parts("job", 5, hostile_tasks.succeed)), flush=True)
{then}
"""


def run_script(tmp_path: Path, then: str) -> "subprocess.Popen[str]":
    """A script of these lines, without a guard against its own import, that says 5 once its workers work."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(then=then))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "5\n"
    return process


def test_a_script_needs_no_guard_and_leaves_nothing(tmp_path):
    with run_script(tmp_path, "executor.stop()") as process:
        assert process.wait(60) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    with run_script(tmp_path, 'executor.run_parts("job", 2, hostile_tasks.sleep_long)') as process:
        until(lambda: len(workers_of(process.pid)) == 2)
        workers = workers_of(process.pid)
        process.kill()
        process.wait()
        killed = time.monotonic()
        until(lambda: not any(is_alive(worker) for worker in workers))
        assert time.monotonic() - killed < 2


def test_the_next_start_removes_what_a_killed_parent_left_and_nothing_else(tmp_path):
    with run_script(tmp_path, 'executor.run_parts("job", 2, hostile_tasks.sleep_long)') as process:
        (left,) = tmp_path.glob(f"{PREFIX}*")
        (left / "rows").write_bytes(b"of a shuffle")
        with LocalExecutor(1, str(tmp_path)) as executor:
            executor.start()
            assert (left / "rows").exists(), "its owner is alive"
        process.kill()
    foreign, damaged, link = (tmp_path / f"{PREFIX}{name}" for name in ("foreign", "damaged", "link"))
    for folder in (foreign, damaged):
        folder.mkdir()
    (damaged / OWNER).write_text("{")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / OWNER).write_text((left / OWNER).read_text())
    link.symlink_to(kept)
    with LocalExecutor(1, str(tmp_path)) as executor:
        executor.start()
        assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {
        "script.py",
        "kept",
        *(path.name for path in (foreign, damaged, link)),
    }
    assert (kept / OWNER).exists()


def test_a_folder_of_another_process_with_the_same_number_is_stale(tmp_path):
    left, this = tmp_path / f"{PREFIX}left", Process.this()
    left.mkdir()
    assert this.started is not None
    (left / OWNER).write_text(this.model_copy(update={"started": this.started - 1}).model_dump_json())
    with LocalExecutor(1, str(tmp_path)) as executor:
        executor.start()
        assert not left.exists()


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_executors_work_at_once_in_threads(tmp_path):
    found: dict[int, list[int]] = {}

    def work(number: int) -> None:
        source = RowsOfParts(2, partial(hostile_tasks.rows_of, 20_000 + number), ROWS)
        with LocalExecutor(2, str(tmp_path)) as executor:
            results = executor.run_shuffled(JOB, [source], "key", 3, hostile_tasks.sum_rows)
        found[number] = [result.counters["rows"] for result in results]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: sum(rows) for number, rows in found.items()} == {0: 40_000, 1: 40_002}
    assert not any(tmp_path.iterdir())


# Memory

MEASURE = """
import resource, sys
from small_settings import small_config
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.temporary_folder import OWNER, PREFIX
from w2v_core.pipeline.shards import make_shards
from w2v_core.locking.process_identity import Process
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
text, folder = sys.argv[1:]
config = small_config("tokenize.split_bytes=500000", "shards.target_rows=100000", "vocab.sample=0")
run = RunDir.create(folder)
with LocalExecutor(2) as executor:
    tokenize_corpus(run, find_files([text]), config, executor)
    make_vocab(run, config, executor)
    make_shards(run, config, executor)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, len(run.require("shards").files))
"""


@pytest.mark.slow
def test_a_larger_corpus_takes_no_more_memory_of_a_worker(tmp_path):
    peaks = []
    for times in (1, 4):
        text = tmp_path / f"{times}.txt"
        with text.open("w") as file:
            for number in range(20_000 * times):
                file.write(" ".join(f"w{number * step * step % 5003}" for step in range(1, 25)) + "\n")
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(text), str(tmp_path / f"run{times}")],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        )
        peak, shards = map(int, done.stdout.split())
        assert shards > times
        peaks.append(peak)
    print(f"peaks of a worker, KiB: {peaks}")
    assert peaks[1] < 1.1 * peaks[0]
