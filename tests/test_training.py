"""Training: what it sees, how alpha falls, that it is repeatable, and that it goes on where it stopped."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contexts import contexts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from small_settings import small_config

from w2v_core.config import TrainConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.pipeline.train import train_vectors
from w2v_core.runs.artifacts import METRICS
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.run_directory import RunDir
from w2v_core.shards import epoch_order as order_module
from w2v_core.shards import read as read_module
from w2v_core.shards.epoch_order import epoch_plan, units_of
from w2v_core.shards.read import Shards, prefetched
from w2v_core.shards.spans import Spans
from w2v_core.training import memory, trainer
from w2v_core.training import worker as share_module
from w2v_core.training.checkpoint import Checkpoints
from w2v_core.training.engine.numpy_engine import batch_plan
from w2v_core.training.engine.tables import initial_tables, require_finite
from w2v_core.training.thread_pool import ThreadPool
from w2v_core.training.trainer import Interrupted, Progress, trained
from w2v_core.training.worker import TrainingJob, WorkerState, learning_rate
from w2v_core.training.worker_pool import Crew, WorkerPool, shared_arrays
from w2v_core.vocabulary.vocabulary import Vocabulary


class InMemory(Shards):
    """Shards without files: two of them, of a text of ten words."""

    def __new__(cls, *_):
        return super().__new__(cls)

    def __init__(self, ids, sentence, window, row_group_rows=512):
        contexts = contexts_of(ids.astype(np.int32), sentence, window)
        half = len(ids) // 2
        files = [FileEntry(name=name, rows=half, bytes=0, crc32=0) for name in ("a", "b")]
        super().__init__(open_folder("/nowhere"), files, window, row_group_rows, 10)
        object.__setattr__(self, "rows", (ids.astype(np.int32), contexts, half))

    def read_unit(self, unit, begin, end):
        target, contexts, half = self.rows
        first = unit.shard * half + unit.row_group * self.row_group_rows
        rows = slice(first + begin, first + end)
        return Spans.of_rows(target[rows], contexts[rows], self.num_words, "memory")


def two_topics() -> InMemory:
    """Sentences of eight words, of which words 0-4 come with each other, and words 5-9 with each other."""
    rng = np.random.default_rng(0)
    topic_S = rng.integers(0, 2, 500)
    return InMemory(
        (rng.integers(0, 5, (500, 8)) + 5 * topic_S[:, None]).ravel(), np.repeat(np.arange(500), 8), 2
    )


def cycle() -> InMemory:
    """Ten words, each between its two neighbours; every word comes 2,000 times an epoch."""
    return InMemory(np.arange(20_000) % 10, np.zeros(20_000, int), 1, 20_000)


@pytest.fixture(params=["numpy", "compiled"])
def engine(request) -> str:
    """Each engine in turn."""
    return request.param


def run_job(shards=None, checkpoints=None, engine="numpy", **settings):
    reports: list[Progress] = []
    config = TrainConfig(**{"vector_size": 16, "workers": 1, "heldout_rows": 100} | settings)
    job = TrainingJob(shards or two_topics(), np.full(10, 100), 0.75, config, engine=engine)
    with trained(job, checkpoints=checkpoints, report=reports.append) as tables:
        return tables, reports


# The order of an epoch


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=8),
    st.integers(1, 1000),
    st.integers(1, 7),
    st.integers(0, 40),
    st.integers(0, 3),
)
def test_every_row_comes_exactly_once_an_epoch(
    rows_by_shard, row_group_rows, world_size, units_per_block, epoch
):
    num_held_out = min(rows_by_shard[0], row_group_rows) // 2
    units = units_of(rows_by_shard, row_group_rows, num_held_out)
    plans = [epoch_plan(units, units_per_block, 1, epoch, rank, world_size) for rank in range(world_size)]
    seen = Counter(
        (unit.shard, unit.row_group * row_group_rows + row)
        for plan in itertools.chain(*plans)
        for unit in plan.units
        for row in range(unit.begin, unit.end)
    )
    everything = {(shard, row) for shard, num_rows in enumerate(rows_by_shard) for row in range(num_rows)}
    assert set(seen) == everything - {(0, row) for row in range(num_held_out)}
    assert set(seen.values()) <= {1}
    numbers = [plan.number for plan in itertools.chain(*plans)]
    assert len(set(numbers)) == len(numbers)


def test_the_order_follows_seed_and_epoch():
    units = units_of([5000, 3000], 100, 0)
    assert epoch_plan(units, 4, 1, 0) == epoch_plan(units, 4, 1, 0)
    assert epoch_plan(units, 4, 1, 0) != epoch_plan(units, 4, 1, 1)
    assert epoch_plan(units, 4, 1, 0) != epoch_plan(units, 4, 2, 0)


def test_no_two_generators_of_an_epoch_have_one_purpose():
    purposes = [
        order_module._ORDER_OF_UNITS,
        read_module._ORDER_OF_SPANS,
        share_module._WINDOWS_AND_NOISE,
    ]
    assert len({*purposes}) == 3


def a_block(word: int) -> Spans:
    return Spans(np.full((1, 18), word, np.int32), np.ones(16, np.uint8), np.ones(16, np.uint8))


def test_prefetching_keeps_the_order_and_hands_on_faults():
    made = [item for item, _ in prefetched(lambda n: a_block(n), range(20))]
    assert made == list(range(20))

    def fail(n):
        if n == 3:
            raise UserError("shard 3 is damaged")
        return a_block(n)

    seen = []
    with pytest.raises(UserError, match="shard 3"):
        seen += [item for item, _ in prefetched(fail, range(20))]
    half_way = prefetched(fail, itertools.repeat(1))
    next(half_way)
    half_way.close()  # ends the thread although there is always more


# The loop


@pytest.mark.parametrize("sg", [0, 1])
def test_words_of_one_topic_end_up_together(sg, engine):
    tables, _ = run_job(engine=engine, sg=sg, epochs=8)
    unit = tables.input / np.linalg.norm(tables.input, axis=1, keepdims=True)
    cosine = unit @ unit.T
    same = np.add.outer(np.arange(10) // 5, np.arange(10) // 5) != 1
    assert cosine[same].min() > cosine[~same].max() + 0.1


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("batch_size", [64, 512])
def test_the_held_out_loss_falls(sg, batch_size, engine):
    _, before = run_job(engine=engine, sg=sg, epochs=1, alpha=1e-9, min_alpha=0, batch_size=batch_size)
    _, reports = run_job(engine=engine, sg=sg, epochs=12, batch_size=batch_size)
    # An untrained word says 1/2 to its positive and to 5 noise words.
    assert before[-1].held_out_loss == pytest.approx(6 * np.log(2), rel=0.02)
    assert reports[-1].held_out_loss < 0.75 * before[-1].held_out_loss
    assert reports[-1].loss < before[-1].loss


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(("alpha", "batch_size"), [(0.5, 512), (0.1, 4096), (0.025, 16_384), (0.5, 16_384)])
@pytest.mark.parametrize("vector_size", [1, 2, 16])
def test_no_learning_rate_and_no_batch_size_diverges(sg, alpha, batch_size, vector_size, engine):
    tables, reports = run_job(
        cycle(),
        engine=engine,
        vector_size=vector_size,
        sg=sg,
        alpha=alpha,
        min_alpha=alpha,
        batch_size=batch_size,
        epochs=40,
    )
    require_finite(tables)
    # One dimension, 1,600 steps of a word at once: over seeds the loss stays within three times an untrained one's.
    assert reports[-1].held_out_loss < 4 * 6 * np.log(2)
    assert max(np.abs(table).max() for table in tables) < 1000


@pytest.mark.parametrize("row", [0, 65_535, 65_536, 69_999])
def test_tables_that_are_not_finite_are_refused(row):
    tables = initial_tables(70_000, 2, np.random.default_rng(0))
    require_finite(tables)
    tables.output[row, 1] = np.inf
    with pytest.raises(UserError, match="training diverged"):
        require_finite(tables)


def test_a_loss_that_is_no_number_names_the_batch_and_the_shards(monkeypatch, engine):
    def spoil(tables, rng):
        tables.input[:] = np.nan

    monkeypatch.setattr(trainer, "fill_initial", spoil)
    with pytest.raises(UserError, match=r"nan at batch [01] .*epoch 1, .*train.alpha"):
        run_job(engine=engine)


def test_one_seed_gives_the_same_bytes_and_another_does_not(engine):
    one, again, other = (run_job(engine=engine, epochs=1, seed=seed)[0] for seed in (1, 1, 2))
    assert one.input.tobytes() == again.input.tobytes()
    assert one.output.tobytes() == again.output.tobytes()
    assert one.input.tobytes() != other.input.tobytes()


def test_progress_tells_every_row_once_and_alpha_falls_to_its_end(engine):
    _, reports = run_job(engine=engine, epochs=3, alpha=0.04, min_alpha=0.01)
    last = reports[-1]
    assert last.rows == last.total_rows == last.pairs == 3 * (4000 - 32)  # a hundredth is held out
    assert last.epoch == 3
    assert 0.01 <= last.alpha < 0.012
    assert last.step >= last.rows / 1024


def test_alpha_by_hand():
    assert [learning_rate(0.5, 0.1, done) for done in (0, 0.5, 1)] == pytest.approx([0.5, 0.3, 0.1])


@given(st.integers(0, 3000), st.integers(1, 700), st.integers(1, 100))
def test_a_plan_covers_every_row_once_in_even_groups(num_rows, batch_size, group_size):
    plan = list(batch_plan(num_rows, batch_size, group_size))
    assert [begin for begin, _, _ in plan] == [0, *[end for _, end, _ in plan]][: len(plan)]
    assert (plan[-1][1] if plan else 0) == num_rows
    for begin, end, num_groups in plan:
        assert 0 < end - begin <= batch_size
        assert (end - begin) % num_groups == 0
        assert (end - begin) // num_groups <= group_size


# Memory


def test_tables_that_do_not_fit_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(UserError, match="10 words .*16 dimensions .*1,280 bytes .*1,000"):
        run_job()
    assert memory.require_memory(10, 12) is None


def test_the_system_says_how_much_memory_is_free():
    free = memory.available_bytes()
    assert free is None or 10**8 < free < 10**14


# Checkpoints


def stop_after(checkpoints, num_reports, monkeypatch, engine="numpy", **settings):
    """Train until so many reports, one a block after that of the start, then stop as a signal would."""
    monkeypatch.setattr(trainer, "REPORT_SECONDS", 0.0)
    seen: list[Progress] = []
    wanted = num_reports + (checkpoints.latest() is None)
    config = TrainConfig(**{"vector_size": 16, "workers": 1, "heldout_rows": 100} | settings)
    job = TrainingJob(two_topics(), np.full(10, 100), 0.75, config, engine=engine)
    stopping = trained(
        job, checkpoints=checkpoints, report=seen.append, should_stop=lambda: len(seen) == wanted
    )
    with pytest.raises(Interrupted), stopping:
        pass


@pytest.mark.parametrize("num_reports", [2, 3, 5, 8, 10])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(tmp_path, monkeypatch, num_reports, engine):
    checkpoints = Checkpoints(open_folder(str(tmp_path)))
    stop_after(checkpoints, num_reports, monkeypatch, engine, epochs=3, buffer_rows=1000)
    found = checkpoints.latest()
    assert found is not None
    assert 0 < found.worker_states[0].rows < 3 * 3968
    tables, reports = run_job(engine=engine, checkpoints=checkpoints, epochs=3, buffer_rows=1000)
    uninterrupted, _ = run_job(engine=engine, epochs=3, buffer_rows=1000)
    assert tables.input.tobytes() == uninterrupted.input.tobytes()
    assert tables.output.tobytes() == uninterrupted.output.tobytes()
    assert reports[-1].rows == 3 * 3968


def test_the_last_two_checkpoints_are_kept_and_half_written_ones_are_not_read(tmp_path, monkeypatch):
    checkpoints = Checkpoints(open_folder(str(tmp_path)))
    for _ in range(4):
        stop_after(checkpoints, 1, monkeypatch, epochs=3, buffer_rows=500)
    assert len(list(tmp_path.iterdir())) == 2
    newest, older = sorted(tmp_path.iterdir(), reverse=True)
    (newest / "state.json").unlink()
    found = checkpoints.latest()
    assert found is not None
    assert found.folder.path == str(older)


def test_a_damaged_checkpoint_is_named(tmp_path, monkeypatch):
    checkpoints = Checkpoints(open_folder(str(tmp_path)))
    stop_after(checkpoints, 1, monkeypatch, epochs=3)
    (file,) = tmp_path.glob("*/output.npy")
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(UserError, match=r"output.npy .*damaged .*--fresh"):
        run_job(checkpoints=checkpoints, epochs=3)


# The end of an epoch


def watched(engine, on_epoch, checkpoints=None, **settings) -> tuple[bytes, list[Progress]]:
    """Train with what is called at the end of each epoch: the bytes of the input table, and the reports."""
    reports: list[Progress] = []
    config = TrainConfig(**{"vector_size": 16, "heldout_rows": 100, "epochs": 4} | settings)
    job = TrainingJob(two_topics(), np.full(10, 100), 0.75, config, engine=engine)
    with trained(job, checkpoints=checkpoints, report=reports.append, on_epoch=on_epoch) as tables:
        return tables.input.tobytes(), reports


@pytest.mark.parametrize("workers", [1, 3])
def test_an_epoch_ends_when_all_its_rows_are_trained_and_none_of_the_next(engine, workers):
    ends = []
    watched(engine, lambda end: ends.append((end.epoch, end.progress.rows)) or False, workers=workers)
    assert ends == [(1, 3968), (2, 2 * 3968), (3, 3 * 3968), (4, 4 * 3968)]


def test_waiting_at_the_end_of_an_epoch_changes_no_byte(engine):
    whole, _ = run_job(engine=engine, epochs=4)
    assert watched(engine, lambda _: False, workers=1)[0] == whole.input.tobytes()


@pytest.mark.parametrize("workers", [1, 3])
def test_training_ends_with_the_tables_of_that_epoch(engine, workers):
    seen = []

    def second(end):
        seen.append(end.tables.input.tobytes())
        return end.epoch == 2

    table, reports = watched(engine, second, workers=workers)
    assert len(seen) == 2
    assert table == seen[-1]
    assert reports[-1].rows == 2 * 3968


def test_a_training_that_goes_on_tells_only_epochs_that_end_from_then_on(tmp_path, monkeypatch, engine):
    checkpoints = Checkpoints(open_folder(str(tmp_path)))

    class PowerError(Exception):
        pass

    def third(end):
        if end.epoch == 3:
            raise PowerError
        return False

    with pytest.raises(PowerError):
        watched(engine, third, checkpoints, workers=1)
    ends = []
    table, _ = watched(engine, lambda end: ends.append(end.epoch) or False, checkpoints, workers=1)
    assert ends == [3, 4]
    assert table == run_job(engine=engine, epochs=4)[0].input.tobytes()


# Processes


def job_of(run: RunDir, engine="numpy", **settings) -> TrainingJob:
    vocabulary = Vocabulary.read(run.stage("vocab"))
    shards = Shards.of(run.stage("shards"), run.require("shards"), len(vocabulary))
    return TrainingJob(
        shards,
        vocabulary.counts,
        0.75,
        TrainConfig(**{"vector_size": 8, "workers": 2} | settings),
        engine=engine,
    )


@pytest.mark.parametrize("start_method", ["spawn", "fork"])
def test_two_processes_train_all_rows_between_them(make_run, corpus, start_method, monkeypatch):
    monkeypatch.setattr(
        trainer, "WorkerPool", lambda *arguments: WorkerPool(*arguments, start_method=start_method)
    )
    job = job_of(make_run(corpus), epochs=3)
    reports: list[Progress] = []
    with trained(job, report=reports.append) as tables:
        require_finite(tables)
        assert np.abs(tables.output).max() > 0
        del tables
    assert reports[-1].rows == reports[-1].total_rows == job.num_rows
    assert reports[-1].held_out_loss < 0.95 * 6 * np.log(2)


@pytest.mark.parametrize("sg", [0, 1])
def test_two_threads_train_all_rows_between_them(make_run, corpus, sg):
    job = job_of(make_run(corpus), "compiled", sg=sg, epochs=3)
    reports: list[Progress] = []
    with trained(job, report=reports.append) as tables:
        require_finite(tables)
        assert np.abs(tables.output).max() > 0
    assert reports[-1].rows == reports[-1].total_rows == job.num_rows
    assert reports[-1].held_out_loss < 0.95 * 6 * np.log(2)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("w2v worker")]


def test_workers_need_no_main_guard(make_run, corpus, tmp_path):
    run = make_run(corpus)
    script = tmp_path / "script.py"
    script.write_text(
        "print('main')\nfrom w2v_core.pipeline.train import train_vectors\nfrom w2v_core.config import "
        f"load_config\nfrom w2v_core.runs.run_directory import RunDir\ntrain_vectors(RunDir.open({run.location!r}), "
        "load_config(None, ['train.workers=2', 'train.vector_size=4']))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("main") == 1


def test_a_worker_that_dies_ends_the_run(make_run, corpus):
    job = job_of(make_run(corpus), epochs=1_000_000)
    with (
        shared_arrays(len(job.counts), 8, 2) as shared,
        WorkerPool(shared, job, (WorkerState(),) * 2) as crew,
    ):
        assert crew.work(1.0)
        os.kill(crew._processes[1].pid, signal.SIGKILL)
        with pytest.raises(UserError, match=r"worker 1 .*process \d+.*signal 9"):
            crew.work(10.0)


def test_what_a_worker_refuses_is_told_by_the_run(make_run, corpus, engine):
    run = make_run(corpus)
    job = job_of(run, engine, epochs=3)
    path = Path(run.folder.path, "shards", job.shards.files[0].name)
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(len(data) - 8) + data[-4:])
    with pytest.raises(UserError, match=r"part-00000.parquet is damaged"), trained(job):
        pass


@contextmanager
def crew_of(job: TrainingJob) -> Iterator[Crew]:
    """Two workers at work."""
    starts = (WorkerState(),) * 2
    if job.engine == "compiled":
        tables = initial_tables(len(job.counts), 8, np.random.default_rng(1))
        with ThreadPool(tables, job, starts) as crew:
            yield crew
        return
    with shared_arrays(len(job.counts), 8, 2) as shared, WorkerPool(shared, job, starts) as crew:
        yield crew


def test_a_paused_crew_stands_still(make_run, corpus, engine):
    job = job_of(make_run(corpus), engine, epochs=1_000_000)
    with crew_of(job) as crew:
        while not all(worker_state.rows for worker_state in crew.worker_states()):
            crew.work(0.1)
        crew.pause()
        before, table = crew.worker_states(), crew.tables.input.copy()
        time.sleep(0.3)
        assert crew.worker_states() == before
        assert crew.tables.input.tobytes() == table.tobytes()
        crew.resume()
        crew.work(0.5)
        assert all(now.rows > then.rows for now, then in zip(crew.worker_states(), before, strict=True))
        del table


# The command


def training(run: RunDir, *settings: str, **options: Any) -> "subprocess.Popen[str]":
    words = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "w2v_core.cli", "train", "--run-dir", run.location, *words]
    return subprocess.Popen(command, **options)


def killed_after(run: RunDir, seconds: float, *settings: str) -> int:
    with training(run, *settings, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()
        return process.wait(timeout=60)


def stopped_at_work(run: RunDir, number: int, *settings: str) -> int:
    with training(run, *settings, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("epoch 1" in line for line in process.stderr)
        process.send_signal(number)
        process.communicate(timeout=120)
        return process.returncode


SLOW = (
    "vocab.min_count=2",
    "train.epochs=60",
    "train.vector_size=64",
    "train.batch_size=16",
    "train.workers=1",
)
OFTEN = "train.checkpoint_minutes=0.001"


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bytes(make_run, corpus, tmp_path):
    run = make_run(corpus, into="killed")
    uninterrupted = make_run(corpus, into="whole")
    config = small_config(*SLOW)
    train_vectors(uninterrupted, config)
    moments = [1.2, 1.6, 2.1, 2.7, 3.4]
    killed = [killed_after(run, moment, *SLOW, OFTEN) for moment in moments]
    assert -signal.SIGKILL in killed
    train_vectors(run, config)
    for name in ("input.npy", "output.npy"):
        assert (
            Path(run.folder.path, "vectors", name).read_bytes()
            == Path(uninterrupted.folder.path, "vectors", name).read_bytes()
        )
    assert not Path(run.folder.path, "checkpoints").exists()
    lines = [json.loads(line) for line in Path(run.folder.path, "vectors", METRICS).read_text().splitlines()]
    assert [line["rows"] for line in lines] == sorted(line["rows"] for line in lines)
    assert lines[-1]["rows"] == lines[-1]["total_rows"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_saves_exits_130_and_changed_settings_are_refused(make_run, corpus, number, workers):
    run = make_run(corpus)
    settings = (*SLOW, "train.epochs=100000", f"train.workers={workers}")
    assert stopped_at_work(run, number, *settings) == 130
    assert Checkpoints(run.checkpoints).latest() is not None
    with pytest.raises(UserError, match=r"train.seed .*1 .*2; .*--fresh"):
        train_vectors(run, small_config(*settings, "train.seed=2"))
    train_vectors(run, small_config("train.epochs=1"), fresh=True)
    assert run.manifest("vectors") is not None
