"""What each hyperparameter does to scores and time: one base setting, and one change at a time.

    python -m benchmarks tuning --text slice.txt --eval EVAL --work WORK [--seeds 1 2]

EVAL is that of `train`. One worker, so that a seed gives the same vectors again; a seed is of the training, and shards
are the same for all changes that leave them. Seconds are of the processor, which other work on the machine changes
least. Every training is a line of JSON in WORK/tuning.jsonl and is not made again. Prints a Markdown table of means
over the seeds, with the difference from the base.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from benchmarks import run_apart
from benchmarks.train import PAIRS, train_shards
from w2v_core.config import Config, load_config
from w2v_core.evaluation.analogies import evaluate_analogies
from w2v_core.evaluation.word_pairs import evaluate_word_pairs
from w2v_core.executors.base import Executor
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

SCORES = ("analogies", *PAIRS)
SKIP_GRAM = "train.sg=1"
CBOW = "train.sg=0"
SKIP_GRAM_CHANGES = (
    "train.vector_size=50",
    "train.vector_size=200",
    "train.vector_size=300",
    "shards.window=2",
    "shards.window=10",
    "train.negative=1",
    "train.negative=15",
    "vocab.sample=0",
    "vocab.sample=1e-4",
    "vocab.sample=1e-5",
    "vocab.ns_exponent=0",
    "vocab.ns_exponent=0.5",
    "vocab.ns_exponent=1",
    "vocab.min_count=1",
    "vocab.min_count=20",
    "train.alpha=0.05",
    "train.alpha=0.1",
    "train.epochs=1",
    "train.epochs=10",
    "train.epochs=20",
    "train.batch_size=8192",
)
CBOW_CHANGES = (
    "train.vector_size=300",
    "shards.window=2",
    "shards.window=10",
    "train.negative=15",
    "vocab.sample=1e-4",
    "train.alpha=0.025",
    "train.alpha=0.1",
    "train.epochs=20",
)
CHANGES = (  # the bases first: what is made of a second seed before somebody stops it
    (SKIP_GRAM,),
    (CBOW,),
    *((SKIP_GRAM, change) for change in SKIP_GRAM_CHANGES),
    *((CBOW, change) for change in CBOW_CHANGES),
)


def main(options: argparse.Namespace) -> None:
    """Make the shards of every change, train each with every seed, and print the table."""
    if options.one:
        print(json.dumps(train_one(options, tuple(options.one[1:]), int(options.one[0]))))
        return
    with LocalExecutor() as executor:
        for change in CHANGES:
            prepare(options, change, executor)
    kept = Path(options.work) / "tuning.jsonl"
    results = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    made = {(tuple(result["change"]), result["seed"]) for result in results}
    for seed in options.seeds:
        results.extend(
            run_apart("--one", seed, *change, log=kept, OPENBLAS_NUM_THREADS="1")
            for change in CHANGES
            if (change, seed) not in made
        )
    print(table(results))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--work", default="bench-run/tuning")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)


def prepare(options: argparse.Namespace, change: tuple[str, ...], executor: Executor) -> None:
    """The run directory of a change up to its shards, where it is missing."""
    config = settings(change)
    run = RunDir.create(place(options, change))
    tokenize_corpus(run, find_files([options.text]), config, executor)
    make_vocab(run, config, executor)
    make_shards(run, config, executor)


def settings(change: tuple[str, ...]) -> Config:
    """The base with a change."""
    return load_config(None, ["train.workers=1", *change])


def place(options: argparse.Namespace, change: tuple[str, ...]) -> str:
    """A run directory for each set of shards: changes of training share one."""
    before = [setting for setting in change if not setting.startswith("train.")]
    return str(Path(options.work) / ("-".join(before) or "base"))


def train_one(options: argparse.Namespace, change: tuple[str, ...], seed: int) -> dict:
    """One training, its processor seconds and its scores."""
    config = settings((*change, f"train.seed={seed}"))
    run = RunDir.open(place(options, change))
    before = time.process_time()
    vectors, _ = train_shards(run, config.train, config.vocab.ns_exponent)
    seconds = time.process_time() - before
    folder = Path(options.eval)
    pairs = {name: evaluate_word_pairs(vectors, str(folder / f"{name}.tsv")) for name in PAIRS}
    analogies = evaluate_analogies(
        vectors, str(folder / "questions-words.txt"), restrict_vocab=30_000
    ).overall
    scores = {"analogies": analogies.accuracy} | {name: pair.spearman for name, pair in pairs.items()}
    intervals = {"analogies": analogies.interval} | {name: pair.interval for name, pair in pairs.items()}
    covered = {"analogies": analogies.covered} | {name: pair.covered for name, pair in pairs.items()}
    return {
        "change": change,
        "seed": seed,
        "words": len(vectors),
        "rows": sum(file.rows or 0 for file in run.require("shards").files),
        "seconds": round(seconds, 1),
        "intervals": intervals,
        "covered": covered,
        **{name: round(100 * (score or 0.0), 1) for name, score in scores.items()},
    }


def table(results: list[dict]) -> str:
    """Means over the seeds, and the differences from the base of the same seeds, as Markdown."""
    lines = [
        f"| | seeds | seconds | {' | '.join(SCORES)} |",
        f"|---|--:|--:|{'--:|' * len(SCORES)}",
    ]
    for change in sorted(CHANGES, key=lambda change: change[0], reverse=True):
        same, base = of_change(results, change), of_change(results, change[:1])
        if same:
            name = (
                change[-1] if len(change) > 1 else f"**{'skip-gram' if change[0] == SKIP_GRAM else 'CBOW'}**"
            )
            cells = [cell(same, base, score) for score in SCORES]
            seconds = statistics.mean(result["seconds"] for result in same.values())
            lines.append(f"| {name} | {len(same)} | {seconds:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def of_change(results: list[dict], change: tuple[str, ...]) -> dict[int, dict]:
    """The trainings of one change, by seed."""
    return {result["seed"]: result for result in results if tuple(result["change"]) == change}


def cell(same: dict[int, dict], base: dict[int, dict], score: str) -> str:
    """The mean of a score over the seeds; of a change also the difference, of the base the range."""
    values = [result[score] for result in same.values()]
    found = f"{statistics.mean(values):.1f}"
    if same == base:
        return f"{found} ({min(values):.1f}–{max(values):.1f})"
    difference = statistics.mean(result[score] - base[seed][score] for seed, result in same.items())
    return f"{found} ({difference:+.1f})"
