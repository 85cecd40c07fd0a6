"""What the parts of training cost on one core: sums over table rows, products, reading. Prints a Markdown table.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks parts --run-dir RUN [--size 100]

RUN is a run directory with shards; their rows are read, so ids are as frequent as in that text. Each figure is the
median of many calls on fresh rows, in nanoseconds a row of a shard, of one process alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from w2v_core.config import TrainConfig
from w2v_core.reference import scatter_add as row_products
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.runs.run_directory import RunDir
from w2v_core.shards.read import Reader, Shards
from w2v_core.shards.spans import Spans
from w2v_core.training.engine.numpy_engine import batches, model_of
from w2v_core.training.engine.rows import Rows
from w2v_core.training.engine.tables import initial_tables
from w2v_core.training.engine.workspace import Workspace
from w2v_core.training.worker import TrainingJob
from w2v_core.vocabulary.vocabulary import Vocabulary


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--run-dir", required=True)
    parser.add_argument("--size", type=int, default=100)


def main(options: argparse.Namespace) -> None:
    """Measure every part."""
    run = RunDir.open(options.run_dir)
    vocabulary = Vocabulary.read(run.stage("vocab"))
    shards = Shards.of(run.stage("shards"), run.require("shards"), len(vocabulary))
    print("| part | ns a row |\n|---|---|")
    for name, nanoseconds in measured(shards, vocabulary, options.size):
        print(f"| {name} | {nanoseconds:.0f} |", flush=True)


def measured(shards: Shards, vocabulary: Vocabulary, size: int) -> Iterator[tuple[str, float]]:
    """(what was measured, nanoseconds a row)."""
    jobs = [
        TrainingJob(shards, vocabulary.counts, 0.75, TrainConfig(sg=sg, vector_size=size, workers=1))
        for sg in (0, 1)
    ]
    plans = jobs[0].plan(0, 0, 1)[:4]
    blocks: list[Spans] = []
    yield (
        "reading a block, shuffled",
        of_calls(
            lambda plan: blocks.append(Reader(shards, 1, cache_bytes=0).read(plan)),
            plans,
            lambda _: len(blocks[-1]),
        ),
    )
    sampler = UnigramSampler(vocabulary.counts)
    tables = initial_tables(len(vocabulary), size, np.random.default_rng(1))
    workspace = Workspace(len(vocabulary))
    for job, model in zip(jobs, ("CBOW", "skip-gram"), strict=True):
        rng = np.random.default_rng(1)
        made = [list(batches(block, sampler, job.config, rng)) for block in blocks]
        yield (
            f"{model}: windows and noise",
            of_calls(
                lambda block, job=job, rng=rng: list(batches(block, sampler, job.config, rng)),
                blocks,
                len,
            ),
        )
        steps = [batch for block in made for batch in block]
        yield (
            f"{model}: a step",
            of_calls(
                lambda batch, job=job: model_of(job.config).step(tables, workspace, *batch, 0.025),
                steps,
                lambda batch: len(batch[0]),
            ),
        )
        if model == "CBOW":
            yield from of_sums([rows for rows, _ in steps], tables.input)
        yield from of_products(model, job, size)


def of_sums(all_rows: list[Rows], table_VD: np.ndarray) -> Iterator[tuple[str, float]]:
    """Scattering into the words of spans, the fast way and the public way."""
    most = max(rows.words.size for rows in all_rows)
    rows_PD = np.zeros((most, table_VD.shape[1]), np.float32)
    for name in ("scatter_rows", "scatter_rows_publicly"):
        function = getattr(row_products, name)

        def call(rows: Rows, function: Callable[..., None] = function) -> None:
            ids_P = rows.words.ravel()
            function(table_VD, ids_P, np.full(len(ids_P), 1e-6, np.float32), rows_PD[: len(ids_P)])

        yield f"`{name}` of a span's words, each a row", of_calls(call, all_rows[:200], len)


def of_products(model: str, job: TrainingJob, size: int) -> Iterator[tuple[str, float]]:
    """The three matrix products with the noise."""
    rng = np.random.default_rng(1)
    groups = job.config.batch_size // model_of(job.config).ROWS_PER_GROUP
    h_GRD = rng.random((groups, model_of(job.config).ROWS_PER_GROUP, size), np.float32)
    noise_GKD = rng.random((groups, model_of(job.config).NUM_SHARED, size), np.float32)

    def products(_: int) -> None:
        score_GRK = h_GRD @ noise_GKD.transpose(0, 2, 1)
        score_GRK @ noise_GKD  # the gradients, for the rows and for the noise words
        score_GRK.transpose(0, 2, 1) @ h_GRD

    yield (
        f"{model}: products with the noise",
        of_calls(products, range(200), lambda _: job.config.batch_size),
    )


def of_calls(call: Callable, arguments, rows: Callable) -> float:
    """Median over the calls of nanoseconds by rows."""
    figures = []
    for argument in arguments:
        started = time.perf_counter()
        call(argument)
        figures.append((time.perf_counter() - started) / rows(argument) * 1e9)
    return statistics.median(figures)
