"""What `shards.passes` does to the vectors: the same text in one draw of subsampling and in several.

    python benchmarks/bench_passes.py --text enwiki.txt --eval EVAL --work WORK [--passes 1 5] [--seeds 1 2 3]

Text, slice, settings and scores are `bench_train`'s. A seed is of the shards and of training, both. Prints a Markdown
table of means over the seeds, in brackets the range.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
from pathlib import Path

from bench_train import PAIRS, scores, tokenized_slice, train_shards

from w2v_core.config import Config, load_config
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.vocabulary import make_vocab

SCORES = ("analogies", *PAIRS)


def main() -> None:
    """Make the shards and train every combination in turn, and print the table."""
    options = arguments()
    if options.one:
        print(json.dumps(train_one(options)))
        return
    results = []
    for seed, passes, sg in itertools.product(options.seeds, options.passes, options.sg):
        command = [sys.executable, __file__, *sys.argv[1:], "--one", str(seed), str(passes), str(sg)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
        with (Path(options.work) / "passes.jsonl").open("a") as out:
            out.write(json.dumps(results[-1]) + "\n")
    print(table(results, options))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", required=True)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--tokens", type=int, default=17_000_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sg", type=int, nargs="+", choices=[0, 1], default=[0, 1])
    parser.add_argument("--one", type=int, nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


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


if __name__ == "__main__":
    main()
