"""A million sentences in memory: time and peak memory of `Word2Vec().fit` and of gensim's Word2Vec.

    python -m benchmarks fit [--text FILE] [--sentences 1000000] [--sg 1] [--workers 2] [--pairs 3]

Each measurement is a process of its own, gensim's and ours in turn. Both get the same list of lists of tokens and the
same parameters. Times are medians. Memory is the proportional size (PSS) of the process and its children, beyond what
the process had with the sentences before the fit. With --text the sentences are the lines of a file, and vectors of
English are scored on WordSim-353; without it they are drawn from a Zipf distribution. Prints Markdown.
"""

import argparse
import json
import os
import statistics
import threading
import time
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks import run_apart

WHO = ("gensim", "ours")
WORDS, TOKENS = 50_000, 20
SECONDS_BETWEEN_LOOKS = 0.2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", help="a file with a sentence of tokens a line")
    parser.add_argument("--sentences", type=int, default=1_000_000)
    parser.add_argument("--sg", type=int, choices=[0, 1], default=1)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--measure", choices=WHO, help=argparse.SUPPRESS)


def main(options: argparse.Namespace) -> None:
    """Measure both in turn, and print a table."""
    if options.measure:
        print(json.dumps(measured(options)))
        return
    found = {who: [] for who in WHO}
    for _ in range(options.pairs):
        for who in WHO:
            found[who].append(run_apart("--measure", who))
    print(
        "| | seconds | seconds per epoch, net | peak memory, MB | words | WordSim-353 |\n|---|---|---|---|---|---|"
    )
    for who, rows in found.items():
        median = {
            key: statistics.median(row[key] for row in rows) for key in ("seconds", "per_epoch", "peak_mb")
        }
        score = rows[0]["score"]
        print(
            f"| {who} | {median['seconds']:.1f} | {median['per_epoch']:.1f} | {median['peak_mb']:,.0f} | "
            f"{rows[0]['words']:,} | {'' if score is None else f'{score:.3f}'} |"
        )


def measured(options: argparse.Namespace) -> dict[str, float | None]:
    """Fit one of both, in this process."""
    sentences = sentences_of(options)
    fit = fit_gensim if options.measure == "gensim" else fit_ours
    with PeakMemory() as memory:
        started = time.perf_counter()
        words, score, train_seconds = fit(sentences, options)
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "per_epoch": (train_seconds or seconds) / options.epochs,
        "peak_mb": memory.peak / 1e6,
        "words": words,
        "score": score,
    }


def fit_gensim(sentences: list[list[str]], options: argparse.Namespace) -> tuple[int, float | None, float]:
    """Words, score, and seconds of the epochs."""
    from gensim.models import Word2Vec
    from gensim.test.utils import datapath

    model = Word2Vec(
        vector_size=options.vector_size, sg=options.sg, epochs=options.epochs, workers=options.workers, seed=1
    )
    model.build_vocab(sentences)
    started = time.perf_counter()
    model.train(sentences, total_examples=model.corpus_count, epochs=options.epochs)
    seconds = time.perf_counter() - started
    score = model.wv.evaluate_word_pairs(datapath("wordsim353.tsv"))[1][0] if options.text else None
    return len(model.wv), None if score is None else float(score), seconds


def fit_ours(sentences: list[list[str]], options: argparse.Namespace) -> tuple[int, float | None, float]:
    """Words, score, and seconds of the epochs."""
    from w2v_core import Word2Vec, evaluate

    model = Word2Vec(
        vector_size=options.vector_size,
        sg=options.sg,
        epochs=options.epochs,
        workers=options.workers,
        engine=options.engine,
    ).fit(sentences)
    score = evaluate(model, word_pairs="wordsim353").scores["wordsim353"] if options.text else None
    return len(model.wv), score, model.training_log["seconds"].to_pylist()[-1]


def sentences_of(options: argparse.Namespace) -> list[list[str]]:
    """The lines of the text, or draws of a Zipf distribution."""
    if options.text:
        with Path(options.text).open(encoding="utf-8") as lines:
            return [line.split() for line in islice(lines, options.sentences)]
    rng = np.random.default_rng(1)
    words = np.array([f"word{number}" for number in range(WORDS)], object)
    share = 1 / np.arange(1, WORDS + 1)
    drawn = rng.choice(WORDS, (options.sentences, TOKENS), p=share / share.sum())
    return [words[row].tolist() for row in drawn]


class PeakMemory:
    """The most memory of this process and its children within the block, beyond that before it."""

    def __enter__(self) -> "PeakMemory":
        self._before = of_processes()
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            self.peak = max(self.peak, of_processes() - self._before)


def of_processes() -> int:
    """Bytes of this process and its children, of shared pages a share."""
    own = Path("/proc/self/task")
    children = {pid for path in own.glob("*/children") for pid in path.read_text().split()}
    return sum(map(proportional_size, ("self", *children)))


def proportional_size(pid: str) -> int:
    """Bytes of one process; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (OSError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
