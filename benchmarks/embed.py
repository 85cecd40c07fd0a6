"""Documents to vectors: tokens a second under each weighting.

    python -m benchmarks embed --text enwiki.txt --work WORK [--tokens 5000000] [--size 100]

A document is a line of the first --tokens tokens of the text. The run whose vectors are taken is made of the same
lines, with one epoch. Seconds are those of the manifest: reading, cutting, embedding and writing, without the start of
Spark. Prints a Markdown table.
"""

import argparse
from pathlib import Path

from benchmarks.train import cut
from w2v_core.config import Config, EmbedConfig, TokenizeConfig, TrainConfig
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.embed import embed_documents
from w2v_core.pipeline.run import run_pipeline
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

SETTINGS = (
    EmbedConfig(weighting="counts"),
    EmbedConfig(weighting="mean"),
    EmbedConfig(weighting="sif"),
    EmbedConfig(weighting="sif", remove_components=1),
)


def main(options: argparse.Namespace) -> None:
    """The run, then each of SETTINGS."""
    work = Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    text = work / f"slice-{options.tokens}.txt"
    if not text.exists():
        cut(Path(options.text), text, options.tokens)
    config = Config(
        tokenize=TokenizeConfig(split_bytes=4 << 20),  # as many tasks as both cores want
        train=TrainConfig(epochs=1, vector_size=options.size),
    )
    files, run = find_files([str(text)]), RunDir.create(str(work / "run"))
    executor = LocalExecutor(options.workers)
    run_pipeline(run, files, config, executor)
    print("| weighting | components removed | documents | tokens | s | tokens/s | MB written |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for number, settings in enumerate(SETTINGS):
        executor.start()
        output = str(work / f"vectors-{number}")
        manifest = embed_documents(
            run, files, output, config.model_copy(update={"embed": settings}), executor
        )
        assert manifest.tokens is not None
        print(
            f"| {settings.weighting} | {settings.remove_components} | {manifest.counters['documents']:,} | "
            f"{manifest.tokens.read:,} | {manifest.seconds:.1f} | {manifest.tokens.read / manifest.seconds:,.0f} | "
            f"{sum(file.bytes for file in manifest.files) / 1e6:.0f} |",
            flush=True,
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--work", default="bench-run/embed")
    parser.add_argument("--tokens", type=int, default=5_000_000)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
