"""Phrases of the same sentences by our stage and by gensim: the same ones, the same scores, and how long each takes.

    python -m benchmarks phrases --text enwiki.txt --work WORK [--tokens 17000000]

The sentences are the first of the text, cut by our tokens stage. gensim counts and joins in one process, as it does;
ours runs in --workers processes. Times are without their start and without reading sentences for
gensim. Prints Markdown.
"""

import argparse
import itertools
import time
from pathlib import Path

import pyarrow.parquet as pq
from gensim.models.phrases import Phrases

from benchmarks.train import tokenized_slice
from w2v_core.config import Config, PhrasesConfig
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.runs.run_directory import RunDir

SETTINGS = (
    PhrasesConfig(passes=1),
    PhrasesConfig(passes=2),
    PhrasesConfig(passes=1, scoring="npmi", threshold=0.5),
)


def main(options: argparse.Namespace) -> None:
    """Each of SETTINGS by both, and the table."""
    executor = LocalExecutor(options.workers)
    run = tokenized_slice(options, Config(), executor)
    sentences = sentences_of(run, "tokens")
    num_tokens = sum(map(len, sentences))
    print(f"{num_tokens:,} tokens, {options.workers} processes\n")
    print("| scoring | passes | phrases | same | largest difference | same sentences | ours s | gensim s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for settings in SETTINGS:
        config = Config(phrases=settings)
        run.remove("phrases")
        manifest = make_phrases(run, config, executor)
        assert manifest is not None
        theirs, scores, seconds = by_gensim(sentences, settings)
        ours = scores_of(run, settings.passes)
        both = ours.keys() & scores.keys()
        apart = max(abs(ours[phrase] - scores[phrase]) / abs(scores[phrase]) for phrase in both)
        joined = sentences_of(run, "phrases")
        same = sum(map(list.__eq__, joined, theirs))
        print(
            f"| {settings.scoring} | {settings.passes} | {len(ours):,} | {len(both):,} of {len(scores):,} | "
            f"{apart:.1e} | {same:,} of {len(theirs):,} | {manifest.seconds:.1f} | {seconds:.1f} |",
            flush=True,
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--work", default="bench-run/phrases")
    parser.add_argument("--tokens", type=int, default=17_000_000)
    parser.add_argument("--workers", type=int, default=2)


def sentences_of(run: RunDir, stage: str) -> list[list[str]]:
    """The sentences of a stage, in order."""
    parts = sorted(Path(run.folder.path, stage).glob("part-*.parquet"))
    return [tokens for part in parts for tokens in pq.read_table(part)["tokens"].to_pylist()]


def by_gensim(
    sentences: list[list[str]], settings: PhrasesConfig
) -> tuple[list[list[str]], dict[str, float], float]:
    """gensim's joined sentences, the phrases that its last pass could join with their scores, and the seconds."""
    begin, reading, scores = time.perf_counter(), 0.0, {}
    for _ in range(settings.passes):
        model = Phrases(
            sentences,
            min_count=settings.min_count,
            threshold=settings.threshold,
            scoring=settings.scoring,
            delimiter=settings.delimiter,
        )
        paused = time.perf_counter()
        scores = {
            phrase: score
            for first, last in {pair for words in sentences for pair in itertools.pairwise(words)}
            for phrase, score in [model.score_candidate(first, last, [])]
            if score is not None
        }
        reading += time.perf_counter() - paused
        sentences = [model[words] for words in sentences]
    return sentences, scores, time.perf_counter() - begin - reading


def scores_of(run: RunDir, number: int) -> dict[str, float]:
    """Our phrases of a pass, with the highest score of each."""
    table = pq.read_table(Path(run.folder.path, "phrases", f"phrases-{number}.parquet"))
    pairs = zip(table["phrase"].to_pylist(), table["score"].to_pylist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: pair[1]))
