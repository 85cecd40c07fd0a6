"""Our trainer against gensim: the same tokens, settings, workers and epochs, in turn, one process each.

    python -m benchmarks train --text enwiki.txt --eval EVAL --work WORK [--seeds 1 2 3] [--sizes 100 300]
    python -m benchmarks train … --trainers compiled numpy --workers 1 2 --epochs 1      what a second worker gives

--text is plain text or WikiExtractor output; its first --tokens tokens are used. EVAL holds questions-words.txt,
wordsim353.tsv, men3000.tsv and simlex999.tsv. WORK is a folder for the run directory and gensim's corpus file,
kept between calls. Prints a Markdown table; every run is a line of JSON in WORK/results.jsonl.

Words/s are gensim's: all tokens of the corpus times epochs, by seconds. Our seconds hold everything from the
start of the workers to the trained tables: reading, shuffling, losses and held-out losses, and loading the compiled
loop, which is on disk. gensim's hold its training alone.

gensim's corpus_file mode lowers alpha in each thread by the sentences of that thread alone, so that with two workers
an epoch ends halfway down its slope. `gensim-sentences` reads the same file through an iterator, where alpha falls as
documented; with one epoch the difference is several points.
 fastText and floret, where they are installed, count words in the same call; so do their seconds.
CPU seconds are of the whole process, vocabulary and start included; they tell more than seconds on a busy machine.
Peak memory is of all processes together, what they share counted once (PSS). Scores are of the same code for all:
analogies among the 30,000 most frequent words,
Spearman's correlation for the others, times 100. "rare" is of the pairs of MEN with a rare word.
"""

import argparse
import importlib
import itertools
import json
import os
import platform
import re
import resource
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks import run_apart
from w2v_core.config import Config, TrainConfig
from w2v_core.evaluation.analogies import evaluate_analogies
from w2v_core.evaluation.word_pairs import WordPair, evaluate_word_pairs, read_word_pairs, score_word_pairs
from w2v_core.executors.base import Executor
from w2v_core.executors.local import LocalExecutor
from w2v_core.io.parquet import row_groups
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.schemas import TOKENS
from w2v_core.shards.read import Shards
from w2v_core.training.engine.choose import (
    EngineName,
    choose_engine,
    prepare_kernels,
    processor_name,
    with_default_alpha,
)
from w2v_core.training.trainer import trained
from w2v_core.training.worker import TrainingJob
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import Vocabulary

PAIRS = ("wordsim353", "men3000", "simlex999")
SCORES = ("analogies", *PAIRS, "rare")
RARE = 100
"""occurrences; the score "rare" is of the pairs of MEN with a word of fewer, about 1,250 of 3,000"""


def main(options: argparse.Namespace) -> None:
    """Prepare, run every combination in turn, and print the table."""
    if options.one:
        print(json.dumps(run_one(options)))
        return
    prepare(options)
    in_turn = itertools.product(
        options.seeds, options.sizes, options.workers, options.models, options.trainers
    )
    log = Path(options.work) / "results.jsonl"
    results = [
        run_apart("--one", trainer, model, seed, size, workers, log=log)
        for seed, size, workers, model, trainer in in_turn
    ]
    print(table(results, options))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--work", default="bench-run/train")
    parser.add_argument("--tokens", type=int, default=17_000_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--models", nargs="+", choices=["skip-gram", "CBOW"], default=["skip-gram", "CBOW"])
    parser.add_argument("--trainers", nargs="+", choices=list(TRAINERS), default=["gensim", "compiled"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)


def prepare(options: argparse.Namespace) -> None:
    """The slice, its run directory up to the shards, and gensim's corpus file, where they are missing."""
    work, config = Path(options.work), Config()
    with LocalExecutor() as executor:
        run = tokenized_slice(options, config, executor)
        make_vocab(run, config, executor)
        make_shards(run, config, executor)
    if not (work / "corpus.txt").exists():
        write_line_sentences(run, work / "corpus.txt")


def tokenized_slice(options: argparse.Namespace, config: Config, executor: Executor) -> RunDir:
    """WORK/run with the tokens of the first `tokens` of the text, made where they are missing."""
    work = Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    text = work / f"slice-{options.tokens}.txt"
    if not text.exists():
        cut(Path(options.text), text, options.tokens)
    run = RunDir.create(str(work / "run"))
    tokenize_corpus(run, find_files([str(text)]), config, executor)
    return run


def cut(source: Path, target: Path, num_tokens: int) -> None:
    """The first lines of `source` that hold about so many tokens, by white space."""
    seen = 0
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(line)
            seen += len(line.split())
            if seen >= num_tokens:
                break


def write_line_sentences(run: RunDir, path: Path) -> None:
    """The tokens stage as gensim reads it: a line a sentence, tokens between spaces."""
    with path.open("w", encoding="utf-8") as out:
        for file in run.require("tokens").files:
            for sentences in row_groups(run.stage("tokens"), file.name, TOKENS):
                out.writelines(" ".join(tokens) + "\n" for tokens in sentences["tokens"].to_pylist())


def run_one(options: argparse.Namespace) -> dict[str, object]:
    """Train once and score."""
    trainer, model = options.one[:2]
    seed, options.size, options.workers = map(int, options.one[2:])
    run = RunDir.open(str(Path(options.work) / "run"))
    memory, cpu_before = PeakMemory(), cpu_seconds()
    vectors, seconds = TRAINERS[trainer](run, options, model == "skip-gram", seed)
    tokens = run.require("tokens").tokens
    assert tokens is not None
    return {
        "trainer": trainer,
        "model": model,
        "seed": seed,
        "size": options.size,
        "workers": options.workers,
        "seconds": round(seconds, 1),
        "words_per_second": round(tokens.read * options.epochs / seconds),
        "cpu_seconds": round(cpu_seconds() - cpu_before, 1),
        "peak_mb": memory.stop(),
        **scores(vectors, Path(options.eval)),
    }


def cpu_seconds() -> float:
    """Of this process and its children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class PeakMemory:
    """Looks twice a second at the memory of this process and its children; where Linux tells."""

    def __init__(self) -> None:
        self._peak_kb = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int | None:
        """The most seen, in MB."""
        self._over.set()
        self._thread.join()
        return round(self._peak_kb / 1024) or None

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self._peak_kb = max(self._peak_kb, sum(map(_pss_kb, _own_processes())))


def _own_processes() -> list[str]:
    found = [str(os.getpid())]
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found += task.read_text().split()
    return found


def _pss_kb(process: str) -> int:
    with suppress(OSError):
        found = re.search(
            r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE
        )
        return int(found.group(1)) if found else 0
    return 0


def train_gensim(
    corpus_argument: str, options: argparse.Namespace, sg: bool, seed: int
) -> tuple[WordVectors, float]:
    """By gensim's corpus_file, which is its fastest way, or by its sentences."""
    from gensim.models import Word2Vec
    from gensim.models.word2vec import LineSentence

    corpus = str(Path(options.work) / "corpus.txt")
    model = Word2Vec(
        vector_size=options.size,
        sg=int(sg),
        alpha=TrainConfig(sg=int(sg)).start_alpha,
        workers=options.workers,
        epochs=options.epochs,
        seed=seed,
    )
    model.build_vocab(corpus_file=corpus)
    source = {corpus_argument: corpus if corpus_argument == "corpus_file" else LineSentence(corpus)}
    started = time.monotonic()
    model.train(
        **source,
        total_words=model.corpus_total_words,
        total_examples=model.corpus_count,
        epochs=model.epochs,
    )
    seconds = time.monotonic() - started
    counts = np.array([model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key])
    return WordVectors(model.wv.index_to_key, counts, model.wv.vectors), seconds


def train_ours(
    engine: EngineName, run: RunDir, options: argparse.Namespace, sg: bool, seed: int
) -> tuple[WordVectors, float]:
    """Our trainer on the shards."""
    config = TrainConfig(
        sg=int(sg),
        vector_size=options.size,
        epochs=options.epochs,
        workers=options.workers,
        seed=seed,
        engine=engine,
    )
    return train_shards(run, config)


def train_shards(run: RunDir, config: TrainConfig, ns_exponent: float = 0.75) -> tuple[WordVectors, float]:
    """The input vectors, and the seconds from the start of the workers to the trained tables."""
    vocabulary = Vocabulary.read(run.stage("vocab"))
    engine = choose_engine(config.engine)
    config = with_default_alpha(config, engine)
    is_compiled = engine == "compiled"
    shards = Shards.of(run.stage("shards"), run.require("shards"), len(vocabulary), compiled=is_compiled)
    if is_compiled:  # on disk from now on
        prepare_kernels(config)
    started = time.monotonic()
    with trained(TrainingJob(shards, vocabulary.counts, ns_exponent, config, engine=engine)) as tables:
        seconds = time.monotonic() - started
        vectors = WordVectors(vocabulary.tokens, vocabulary.counts, tables.input.copy())
        del tables
    return vectors, seconds


def train_fasttext(
    module: str, options: argparse.Namespace, sg: bool, seed: int
) -> tuple[WordVectors, float]:
    """fastText without subwords, or floret, its descendant, in the same mode."""
    library = importlib.import_module(module)
    started = time.monotonic()
    model = library.train_unsupervised(
        str(Path(options.work) / "corpus.txt"),
        model="skipgram" if sg else "cbow",
        lr=TrainConfig(sg=int(sg)).start_alpha,
        dim=options.size,
        ws=5,
        epoch=options.epochs,
        minCount=5,
        neg=5,
        loss="ns",
        t=1e-3,
        minn=0,
        maxn=0,
        bucket=0,
        thread=options.workers,
        seed=seed,
        verbose=0,
    )
    seconds = time.monotonic() - started
    words, counts = model.get_words(include_freq=True)
    return WordVectors(words, np.asarray(counts, np.int64), model.get_input_matrix()[: len(words)]), seconds


Trainer = Callable[[RunDir, argparse.Namespace, bool, int], tuple[WordVectors, float]]
TRAINERS: dict[str, Trainer] = {
    "gensim": lambda _, *rest: train_gensim("corpus_file", *rest),
    "gensim-sentences": lambda _, *rest: train_gensim("corpus_iterable", *rest),
    "compiled": lambda *rest: train_ours("compiled", *rest),
    "numpy": lambda *rest: train_ours("numpy", *rest),
    "fasttext": lambda _, *rest: train_fasttext("fasttext", *rest),
    "floret": lambda _, *rest: train_fasttext("floret", *rest),
}


def scores(vectors: WordVectors, folder: Path) -> dict[str, float]:
    """Analogies and correlations, times 100."""
    analogies = evaluate_analogies(vectors, str(folder / "questions-words.txt"), restrict_vocab=30_000)
    found = {"analogies": analogies.overall.accuracy}
    found |= {name: evaluate_word_pairs(vectors, str(folder / f"{name}.tsv")).spearman for name in PAIRS}
    found["rare"] = score_word_pairs(vectors, rare_pairs(vectors, str(folder / "men3000.tsv"))).spearman
    return {name: round(100 * (score or 0.0), 1) for name, score in found.items()}


def rare_pairs(vectors: WordVectors, path: str) -> list[WordPair]:
    """The pairs of which a word occurs fewer than RARE times."""
    count = dict(zip(vectors.tokens, vectors.counts.tolist(), strict=True))
    pairs = read_word_pairs(path)
    return [pair for pair in pairs if min(count.get(word, 0) for word in (pair.word_a, pair.word_b)) < RARE]


def table(results: list[dict[str, object]], options: argparse.Namespace) -> str:
    """Medians of speed and means of scores over the seeds, as Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pyarrow", "gensim"))
    lines = [
        f"{processor_name()}, Python {platform.python_version()}, {versions}; "
        f"{options.epochs} epochs, seeds {options.seeds}",
        "",
        "| | dimensions | workers | words/s | ratio | seconds | CPU s | peak MB | "
        "analogies | WordSim-353 | MEN | SimLex | rare |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for model, size, workers in itertools.product(options.models, options.sizes, options.workers):
        speed = {}
        for trainer in options.trainers:
            same = model, trainer, size, workers
            runs = [
                run for run in results if (run["model"], run["trainer"], run["size"], run["workers"]) == same
            ]
            speed[trainer] = statistics.median(run["words_per_second"] for run in runs)
            seconds = statistics.median(run["seconds"] for run in runs)
            cpu = statistics.median(run["cpu_seconds"] for run in runs)
            peak = max(run["peak_mb"] or 0 for run in runs)
            means = [f"{statistics.mean(run[name] for run in runs):.1f}" for name in SCORES]
            ratio = f"{speed[trainer] / speed['gensim']:.2f}" if "gensim" in speed else "–"
            row = [
                f"{trainer} {model}",
                str(size),
                str(workers),
                f"{speed[trainer]:,.0f}",
                ratio,
                f"{seconds:.1f}",
                f"{cpu:.1f}",
                str(peak),
                *means,
            ]
            lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)
