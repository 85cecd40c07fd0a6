"""No setting ends in a vector that is not finite: every combination of alpha, batch size and subsampling, as a table.

    python -m benchmarks finite --text enwiki.txt --eval EVAL --work WORK

--text is plain text; its first --tokens tokens are trained for --epochs epochs by each model under each setting.
alpha stays where it starts (min_alpha = alpha), which is harder than to let it fall. EVAL holds questions-words.txt.
Each cell is the share of analogies that hold among the 30,000 most frequent words, times 100, or NOT FINITE.
"""

import argparse
import itertools
import shutil
from pathlib import Path

from benchmarks.train import tokenized_slice, train_shards
from w2v_core.config import Config, TrainConfig, load_config
from w2v_core.errors import UserError
from w2v_core.evaluation.analogies import evaluate_analogies
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.runs.run_directory import RunDir

ALPHAS = (0.025, 0.1, 0.5)
BATCH_SIZES = (512, 4096, 16384)
SAMPLES = (0, 1e-3, 1e-5)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--work", default="bench-run/finite")
    parser.add_argument("--tokens", type=int, default=2_000_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--engine", choices=["numpy", "compiled"], default="compiled")


def main(options: argparse.Namespace) -> None:
    """Prepare a run directory for each subsampling, train them all, and print the table."""
    runs = prepare(options)
    questions = str(Path(options.eval) / "questions-words.txt")
    print(
        "| alpha | batch |"
        + "".join(f" {model} {sample:g} |" for model in ("CBOW", "skip-gram") for sample in SAMPLES)
    )
    print("|---" * (2 + 2 * len(SAMPLES)) + "|")
    for alpha, batch_size in itertools.product(ALPHAS, BATCH_SIZES):
        cells = [
            analogies(
                run,
                questions,
                TrainConfig(
                    sg=sg,
                    alpha=alpha,
                    min_alpha=alpha,
                    batch_size=batch_size,
                    epochs=options.epochs,
                    engine=options.engine,
                ),
            )
            for sg, run in itertools.product((0, 1), runs)
        ]
        print(f"| {alpha} | {batch_size:,} | " + " | ".join(cells) + " |", flush=True)


def prepare(options: argparse.Namespace) -> list[RunDir]:
    """A run directory up to the shards for each subsampling; tokens are made once."""
    work = Path(options.work)
    executor = LocalExecutor()
    tokenized_slice(options, Config(), executor)
    runs = []
    for sample in SAMPLES:
        location = work / f"run-{sample:g}"
        run = RunDir.create(str(location))
        if run.manifest("tokens") is None:
            shutil.copytree(work / "run" / "tokens", location / "tokens", dirs_exist_ok=True)
        config = load_config(None, [f"vocab.sample={sample}"])
        make_vocab(run, config, executor)
        make_shards(run, config, executor)
        runs.append(run)
    executor.stop()
    return runs


def analogies(run: RunDir, questions: str, config: TrainConfig) -> str:
    """The score as text; what training refused instead of one."""
    try:
        vectors, _ = train_shards(run, config)
    except UserError as error:
        return f"NOT FINITE: {error}"
    return (
        f"{100 * (evaluate_analogies(vectors, questions, restrict_vocab=30_000).overall.accuracy or 0):.1f}"
    )
