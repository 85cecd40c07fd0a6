"""Words to ids at growing vocabularies: to build the tables, to open them, and to look tokens up on one core.

    python -m benchmarks lookup --work WORK [--words 100000 1000000 5000000]

Words are made up; tokens are drawn from them with Zipf's frequencies, a tenth unknown. `random` looks up evenly drawn
words, which no cache helps. Prints a Markdown table; rates are medians of five.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from w2v_core.config import VocabConfig
from w2v_core.runs.run_directory import RunDir
from w2v_core.vocabulary.vocabulary import Vocabulary, vocab_of, write_vocab

NUM_TOKENS = 1_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--work", default="bench-run/lookup")
    parser.add_argument("--words", type=int, nargs="+", default=[100_000, 1_000_000, 5_000_000])


def main(options: argparse.Namespace) -> None:
    """Measure each size."""
    print(
        "| words | written in s | opened in ms | Zipf, M tokens/s | random, M tokens/s |\n|--:|--:|--:|--:|--:|"
    )
    for num_words in options.words:
        print(row(Path(options.work), num_words), flush=True)


def row(work: Path, num_words: int) -> str:
    """One line of the table."""
    run = RunDir.create(str(work / str(num_words)))
    words = pa.array(np.arange(num_words)).cast(pa.string())
    words = pa.compute.binary_join_element_wise("word", words, "")
    counts = np.maximum(1, num_words // np.arange(1, num_words + 1))
    with run.rewrite("vocab") as stage_writer:
        begin = time.perf_counter()
        files = write_vocab(stage_writer, vocab_of(words, counts, VocabConfig()))
        written = time.perf_counter() - begin
        stage_writer.finish(config=VocabConfig(), inputs={}, files=files)
    folder = run.stage("vocab")
    opened = seconds(lambda: Vocabulary.open(folder))
    vocabulary, rng = Vocabulary.open(folder), np.random.default_rng(1)
    zipf = num_words ** rng.random(NUM_TOKENS)
    drawn = [tokens(zipf.astype(np.int64)), tokens(rng.integers(0, num_words * 10 // 9, NUM_TOKENS))]
    rates = [NUM_TOKENS / 1e6 / seconds(lambda: vocabulary.ids(tokens)) for tokens in drawn]  # noqa: B023
    return f"| {num_words:,} | {written:.1f} | {opened * 1000:.1f} | {rates[0]:.1f} | {rates[1]:.1f} |"


def tokens(numbers: np.ndarray) -> pa.StringArray:
    """The words of these numbers; every tenth of no vocabulary."""
    spelled = pa.array(numbers).cast(pa.string()).to_pylist()
    return pa.array([("none" if i % 10 == 0 else "word") + text for i, text in enumerate(spelled)])


def seconds(call: Callable[[], object]) -> float:
    """The median of five calls."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)
