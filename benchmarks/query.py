"""most_similar of gensim and of ours on the same made-up vectors: one question at a time, and a thousand at once.

    python -m benchmarks query --work WORK [--words 400000] [--dimensions 300] [--pairs 5]

Each measurement is a process of its own, gensim's and ours in turn; ratios are medians over pairs. gensim has no call
for many questions, so it is asked a hundred of them one by one. Memory is the peak resident size; pages of the mapped
table count. CPU seconds are beside those of the clock, since a busy machine changes them less. Also tells how long
`WordVectors.load` of 3 M words takes (`--load-words 0`: not). Prints Markdown.
"""

import argparse
import json
import os
import resource
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import run_apart
from w2v_core import WordVectors

SINGLE, BATCH, TOP = 30, 1000, 10
ASKED_OF_GENSIM = 100  # of the thousand; ten times its seconds are told


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--work", default="bench-run/query")
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--dimensions", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--load-words", type=int, default=3_000_000)
    parser.add_argument("--measure", choices=["gensim", "ours"], help=argparse.SUPPRESS)


def main(options: argparse.Namespace) -> None:
    """Make the vectors, measure, and compare answers."""
    folder = Path(options.work) / f"{options.words}x{options.dimensions}"
    if options.measure:
        print(json.dumps(measured(folder, options.measure)))
        return
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    make(folder, options.words, options.dimensions)
    pairs = [{who: run_apart("--measure", who) for who in ("gensim", "ours")} for _ in range(options.pairs)]
    tell(pairs)
    if options.load_words:
        tell_load(Path(options.work) / "large", options.load_words, options.dimensions)


def make(folder: Path, num_words: int, vector_size: int, filled: bool = True) -> None:
    """A folder as training leaves it: vectors in a hundred clusters, so that neighbours are near."""
    if (folder / "vocab.parquet").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(100, vector_size)).astype(np.float32)
    table = np.lib.format.open_memmap(folder / "input.npy", "w+", np.float32, (num_words, vector_size))
    for begin in range(0, num_words if filled else 0, 100_000):
        block = table[begin : begin + 100_000]
        block[:] = rng.standard_normal(block.shape, np.float32) + centres[rng.integers(0, 100, len(block))]
    table.flush()
    words = pa.compute.binary_join_element_wise("word", pa.array(np.arange(num_words)).cast(pa.string()), "_")
    columns = {
        "id": pa.array(np.arange(num_words), pa.int32()),
        "token": words,
        "count": np.arange(num_words, 0, -1),
    }
    pq.write_table(pa.table(columns), folder / "vocab.parquet")


def measured(folder: Path, who: str) -> dict:
    """Seconds, peak memory and answers. Norms are counted once and apart: both keep them."""
    if who == "gensim":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from gensim.models import KeyedVectors
    if who == "gensim":
        vectors_VD = np.load(folder / "input.npy", mmap_mode="r", allow_pickle=False)
        words = pq.read_table(folder / "vocab.parquet")["token"].to_pylist()
        vectors = KeyedVectors(vectors_VD.shape[1])  # with the same mapped table, as after load(mmap="r")
        vectors.vectors, vectors.index_to_key = vectors_VD, words
        vectors.key_to_index = {word: i for i, word in enumerate(words)}
    else:
        vectors = WordVectors.load(str(folder))
    num_words = len(vectors)
    asked = [f"word_{i}" for i in np.random.default_rng(2).integers(0, num_words, SINGLE + BATCH)]
    begin = time.perf_counter()
    vectors.most_similar(asked[0], topn=TOP)
    first = time.perf_counter() - begin
    single, seconds, cpu = [], [], time.process_time()
    for word in asked[:SINGLE]:
        begin = time.perf_counter()
        single.append(vectors.most_similar(word, topn=TOP))
        seconds.append(time.perf_counter() - begin)
    peak_single = peak()
    cpu_single = (time.process_time() - cpu) / SINGLE
    begin, cpu = time.perf_counter(), time.process_time()
    if who == "gensim":
        batch = [vectors.most_similar(word, topn=TOP) for word in asked[SINGLE : SINGLE + ASKED_OF_GENSIM]]
        share = ASKED_OF_GENSIM / BATCH
    else:
        batch, share = vectors.most_similar_batch(asked[SINGLE:], topn=TOP), 1
    return {
        "first": first,
        "single": statistics.median(seconds),
        "cpu_single": cpu_single,
        "batch": (time.perf_counter() - begin) / share,
        "cpu_batch": (time.process_time() - cpu) / share,
        "peak_single": peak_single,
        "peak_batch": peak(),
        "answers": single + batch,
    }


def peak() -> float:
    """Peak resident MB of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tell(pairs: list[dict]) -> None:
    """A Markdown table, and whether the answers are the same."""
    print("| | gensim | ours | ratio, median of pairs | in the pairs |\n|---|--:|--:|--:|---|")
    names = {
        "first": ("first question, with norms, ms", 1000),
        "single": (f"one question (median of {SINGLE}), ms", 1000),
        "cpu_single": ("one question (mean), CPU ms", 1000),
        "batch": (f"{BATCH:,} questions, s", 1),
        "cpu_batch": (f"{BATCH:,} questions, CPU s", 1),
        "peak_single": ("peak memory, one by one, MB", 1),
        "peak_batch": ("peak memory, with the thousand, MB", 1),
    }
    for key, (name, scale) in names.items():
        theirs, ours = ([pair[who][key] for pair in pairs] for who in ("gensim", "ours"))
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        cells = [f"{statistics.median(values) * scale:,.1f}" for values in (theirs, ours)]
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"| {name} | {' | '.join(cells)} | {statistics.median(ratios):.2f} | {each} |")
    same, total, furthest = compared(pairs[0]["gensim"]["answers"], pairs[0]["ours"]["answers"])
    told = f"the same words in the same order for {same:,} of {total:,} questions"
    print(f"\nAnswers: {told}; scores differ by at most {furthest:.1e}.")


def compared(theirs: list, ours: list) -> tuple[int, int, float]:
    """Questions with the same words in the same order, all questions, and the largest difference of scores."""
    same, furthest = 0, 0.0
    for a, b in zip(theirs, ours, strict=False):
        same += [word for word, _ in a] == [word for word, _ in b]
        furthest = max(furthest, *(abs(x - y) for (_, x), (_, y) in zip(a, b, strict=True)))
    return same, len(theirs), furthest


def tell_load(folder: Path, num_words: int, vector_size: int) -> None:
    """Seconds to open a large table, and to its first answers."""
    make(folder, num_words, vector_size, filled=False)  # opening reads none of it
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        vectors = WordVectors.load(str(folder))
        seconds.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    word = vectors.tokens[12_345]
    seconds_named = time.perf_counter() - begin
    begin = time.perf_counter()
    assert word in vectors
    found = time.perf_counter() - begin
    print(
        f"\n`WordVectors.load` of {num_words:,} words x {vector_size}: {statistics.median(seconds):.2f} s (of 5, "
        f"{min(seconds):.2f} to {max(seconds):.2f}); the words as Python strings, once: {seconds_named:.1f} s; "
        f"the first look-up of a word, once: {found:.1f} s."
    )
