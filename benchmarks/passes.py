"""What `shards.passes` does to the vectors: the same text in one draw of subsampling and in several.

    python -m benchmarks passes --text enwiki.txt --eval EVAL --work WORK [--passes 1 5] [--seeds 1 2 3]

Text, slice, settings and scores are those of `train`. A seed is of the shards and of training, both. Prints a Markdown
table of means over the seeds, in brackets the range.
"""

import argparse
import itertools
import json
import statistics
from pathlib import Path

from benchmarks import run_apart
from benchmarks.train import PAIRS, scores, tokenized_slice, train_shards
from w2v_core.config import Config, load_config
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.vocabulary import make_vocab

SCORES = ("analogies", *PAIRS)


def main(options: argparse.Namespace) -> None:
    """Make the shards and train every combination in turn, and print the table."""
    if options.one:
        print(json.dumps(train_one(options)))
        return
    in_turn = itertools.product(options.seeds, options.passes, options.sg)
    log = Path(options.work) / "passes.jsonl"
    results = [run_apart("--one", seed, passes, sg, log=log) for seed, passes, sg in in_turn]
    print(table(results, options))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--work", default="bench-run/passes")
    parser.add_argument("--tokens", type=int, default=17_000_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sg", type=int, nargs="+", choices=[0, 1], default=[0, 1])
    parser.add_argument("--one", type=int, nargs=3, help=argparse.SUPPRESS)


def train_one(options: argparse.Namespace) -> dict[str, object]:
    """One training, and its scores."""
    seed, passes, sg = options.one
    config = load_config(
        None,
        [
            f"shards.seed={seed}",
            f"shards.passes={passes}",
            *(f"train.{setting}" for setting in (f"sg={sg}", f"seed={seed}", f"epochs={options.epochs}")),
        ],
    )
    with LocalExecutor() as executor:
        run = tokenized_slice(options, Config(), executor)
        make_vocab(run, config, executor)
        shards = make_shards(run, config, executor)
    vectors, seconds = train_shards(run, config.train)
    megabytes = sum(file.bytes for file in shards.files) / 1e6
    place = {"seed": seed, "passes": passes, "sg": sg, "seconds": seconds, "mb": megabytes}
    return place | scores(vectors, Path(options.eval))


def table(results: list[dict], options: argparse.Namespace) -> str:
    """Means over the seeds, as Markdown."""
    lines = [
        f"{options.tokens:,} tokens, {options.epochs} epochs, seeds {options.seeds}",
        "",
        f"| | passes | shards MB | {' | '.join(SCORES)} |",
        f"|---|---|---|{'---|' * len(SCORES)}",
    ]
    for sg, passes in itertools.product(options.sg, options.passes):
        same = [result for result in results if (result["sg"], result["passes"]) == (sg, passes)]
        cells = [
            f"{statistics.mean(values):.1f} ({min(values):.1f}–{max(values):.1f})"
            for values in ([result[score] for result in same] for score in SCORES)
        ]
        model = "skip-gram" if sg else "CBOW"
        lines.append(f"| {model} | {passes} | {same[0]['mb']:,.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)
