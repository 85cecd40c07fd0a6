"""The index of neighbours: seconds to build it, how much faster it answers, and what share of the nearest it finds.

    python -m benchmarks index --vectors RUN/vectors

`--vectors` is what `WordVectors.load` opens: take trained ones, since made-up vectors are easier or harder to find.
Prints Markdown. Times are medians of the same questions, asked one at a time of both.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from w2v_core import WordVectors
from w2v_core.vectors.index import NearestIndex

QUESTIONS, TOP = 200, 10


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--vectors", required=True)


def main(options: argparse.Namespace) -> None:
    """Measure."""
    vectors = WordVectors.load(options.vectors)
    rng = np.random.default_rng(2)
    words = [vectors.tokens[i] for i in rng.choice(len(vectors), QUESTIONS, replace=False).tolist()]
    exact = milliseconds(lambda word: vectors.most_similar(word, topn=TOP), words)
    print(
        f"{len(vectors):,} words of {vectors.vector_size} dimensions; every word looked at: {exact:.2f} ms\n"
    )
    print("| neighbors, search | built in, s | MB | ms a question | ratio | of the 10 nearest found |")
    print("|---|--:|--:|--:|--:|--:|")
    for neighbors, search in ((8, 32), (16, 96), (32, 256)):
        begin = time.perf_counter()
        index = NearestIndex.build(vectors, neighbors=neighbors, search=search)
        built = time.perf_counter() - begin
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            index.save(str(path))
            size = path.stat().st_size / 1e6
        asked = milliseconds(lambda word, index=index: index.most_similar(word, topn=TOP), words)
        cells = f"{built:.1f} | {size:.0f} | {asked:.2f} | {exact / asked:.0f} | {index.recall():.1%}"
        print(f"| {neighbors}, {search} | {cells} |")


def milliseconds(ask: Callable[[str], object], words: list[str]) -> float:
    """Of one question, the median."""
    ask(words[0])
    seconds = []
    for word in words:
        begin = time.perf_counter()
        ask(word)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) * 1000
