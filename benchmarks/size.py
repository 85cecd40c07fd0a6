"""A vocabulary and a dimension as large as one machine bears: time to start, memory, time to save.

    python -m benchmarks size --work WORK [--words 3000000] [--size 300] [--rows 2000000] [--workers 2]

Words of a made-up text come as often as Zipf's law says. WORK takes its shard and the trained tables, which are deleted
again.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.train import PeakMemory
from w2v_core import schemas
from w2v_core.config import TrainConfig
from w2v_core.io.filesystem import open_folder
from w2v_core.runs.manifest import FileEntry
from w2v_core.shards.read import Shards
from w2v_core.shards.windows import context_windows, reaches
from w2v_core.shards.write import ROW_GROUP_ROWS
from w2v_core.training.engine.choose import prepare_kernels
from w2v_core.training.trainer import Progress, trained
from w2v_core.training.worker import TrainingJob
from w2v_core.types import IntArray

WINDOW, WORDS_A_SENTENCE = 5, 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--work", default="bench-run/size")
    parser.add_argument("--words", type=int, default=3_000_000)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--engine", choices=["numpy", "compiled"], default="compiled")


def main(options: argparse.Namespace) -> None:
    """Make the shard, train on it, save the tables."""
    Path(options.work).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        is_compiled = options.engine == "compiled"
        shards, counts_V = a_shard(Path(work), options.words, options.rows, is_compiled)
        config = TrainConfig(vector_size=options.size, epochs=1, workers=options.workers, min_alpha=0)
        if is_compiled:
            prepare_kernels(config)
        train_and_save(Path(work), TrainingJob(shards, counts_V, 0.75, config, engine=options.engine))


def a_shard(work: Path, num_words: int, num_rows: int, is_compiled: bool) -> tuple[Shards, IntArray]:
    """One shard of about so many rows, and counts that promise its words."""
    share_V = 1 / np.arange(1, num_words + 1)
    edges_V = np.cumsum(share_V) / share_V.sum()
    counts_V = np.maximum(5, 1e9 * share_V / share_V.sum()).astype(np.int64)
    num_rows -= num_rows % WORDS_A_SENTENCE
    ids_B = np.searchsorted(edges_V, np.random.default_rng(0).random(num_rows)).astype(np.int32)
    lengths_S = np.full(num_rows // WORDS_A_SENTENCE, WORDS_A_SENTENCE)
    contexts_BW = context_windows(ids_B, *reaches(lengths_S, WINDOW), WINDOW)
    schema = schemas.shards(WINDOW)
    contexts = pa.FixedSizeListArray.from_arrays(
        pa.array(contexts_BW.ravel()), type=schema.field("contexts").type
    )
    pq.write_table(
        pa.table([pa.array(ids_B), contexts], schema=schema), work / "shard", row_group_size=ROW_GROUP_ROWS
    )
    files = [FileEntry(name="shard", rows=num_rows, bytes=0, crc32=0)]
    folder = open_folder(str(work))
    return Shards(folder, files, WINDOW, ROW_GROUP_ROWS, num_words, compiled=is_compiled), counts_V


def train_and_save(work: Path, job: TrainingJob) -> None:
    """Prints the figures as it goes."""
    config, memory, started = job.config, PeakMemory(), time.monotonic()
    first_rows: tuple[float, int] | None = None

    def report(progress: Progress) -> None:
        nonlocal first_rows
        if progress.rows and first_rows is None:
            first_rows = progress.seconds, progress.rows

    with trained(job, report=report) as tables:
        ended = time.monotonic()
        size = sum(table.nbytes for table in tables)
        print(f"{len(job.counts):,} words x {config.vector_size} dimensions: tables of {size / 1e9:.1f} GB")
        print(f"to the trained tables {ended - started:.1f} s; first report {first_rows} (seconds, rows)")
        for name, table in zip(("input.npy", "output.npy"), tables, strict=True):
            np.save(work / name, table)
        print(
            f"saved in {time.monotonic() - ended:.1f} s; peak memory {memory.stop()} MB (PSS of all processes)"
        )
        del tables, table
