"""Vectors to scores on similarity and analogy sets."""

import hashlib
import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from jobs._options import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    SetOption,
    console,
    print_json,
    run_script,
    say,
    visible,
)
from jobs._stage import Made, make_stage
from jobs.report_run import has_report, write_report
from w2v_core.config import Config, EvaluateConfig, load_config
from w2v_core.errors import UserError
from w2v_core.evaluation.analogies import AnalogiesResult, evaluate_analogies, read_analogies
from w2v_core.evaluation.word_pairs import WordPairsResult, evaluate_word_pairs, read_word_pairs
from w2v_core.parts import write_bytes
from w2v_core.run_dir import Draft, RunDir
from w2v_core.storage import read_location
from w2v_core.vectors import WordVectors

REPORT = "evaluation.json"

SimilarityOption = Annotated[
    list[str] | None,
    typer.Option("--similarity", metavar="FILE", help="`word word score` lines; may be repeated."),
]
AnalogiesOption = Annotated[
    list[str] | None,
    typer.Option("--analogies", metavar="FILE", help="`: section` and `a b c d` lines; may be repeated."),
]


def evaluate(
    run_dir: RunDirOption,
    similarity: SimilarityOption = None,
    analogies: AnalogiesOption = None,
    json_: JsonOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Score the vectors on word similarity and analogy sets."""
    settings = with_sets(load_config(config, set_ or ()), similarity, analogies)
    if not has_sets(settings):
        raise UserError("nothing to evaluate against; name files with --similarity or --analogies")
    run = RunDir.open(run_dir)
    had_page = has_report(run)
    report = evaluate_vectors(run, settings)
    if had_page:
        write_report(run, settings)
    if json_:
        print_json(report)


def with_sets(config: Config, similarity: list[str] | None, analogies: list[str] | None) -> Config:
    """The configuration, with the sets named on the command line in place of its own."""
    named = {"similarity": tuple(similarity or ()), "analogies": tuple(analogies or ())}
    update = {key: files for key, files in named.items() if files}
    return config.model_copy(update={"evaluate": config.evaluate.model_copy(update=update)})


def has_sets(config: Config) -> bool:
    """Whether there is anything to evaluate against."""
    return bool(config.evaluate.similarity or config.evaluate.analogies)


def check_sets(config: Config) -> None:
    """UserError for a set that cannot be read: better told before hours of training than after."""
    for path in (*config.evaluate.similarity, *config.evaluate.analogies):
        if path != path.encode(errors="replace").decode():
            raise UserError(f"evaluation file {path!a} has a name that is not UTF-8; rename it")
    for path in config.evaluate.similarity:
        read_word_pairs(path)
    for path in config.evaluate.analogies:
        read_analogies(path)


def evaluate_vectors(run: RunDir, config: Config) -> dict[str, Any]:
    """The reports stage: every score, also told as tables."""
    vectors = run.require("vectors")
    check_sets(config)
    sets = {path: _digest(path) for path in (*config.evaluate.similarity, *config.evaluate.analogies)}
    inputs = {"vectors": vectors.fingerprint, "sets": sets}
    make_stage(run, "reports", config.evaluate, inputs, lambda draft: _build(draft, run, config.evaluate))
    data = run.stage("reports").read(REPORT)
    assert data is not None
    report: dict[str, Any] = json.loads(data)
    _tell(report)
    return report


def _build(draft: Draft, run: RunDir, config: EvaluateConfig) -> Made:
    vectors = WordVectors.read(run.stage("vectors"))
    fold = config.case_insensitive
    similarity = [evaluate_word_pairs(vectors, path, case_insensitive=fold) for path in config.similarity]
    analogies = [
        evaluate_analogies(vectors, path, restrict_vocab=config.restrict_vocab, case_insensitive=fold)
        for path in config.analogies
    ]
    report = {
        "similarity": [
            _named(path, result) for path, result in zip(config.similarity, similarity, strict=True)
        ],
        "analogies": [_named(path, result) for path, result in zip(config.analogies, analogies, strict=True)],
    }
    text = json.dumps(report, ensure_ascii=False, indent=2).encode()
    return Made([write_bytes(draft, REPORT, lambda stream: stream.write(text))])


def _named(path: str, result: WordPairsResult | AnalogiesResult) -> dict[str, Any]:
    return {"file": path, **result.to_dict()}


def _digest(path: str) -> str:
    return hashlib.sha256(read_location(path)).hexdigest()


def _tell(report: dict[str, Any]) -> None:
    """Tables for people: every score with its coverage beside it."""
    for scores in report["similarity"]:
        told = "undefined" if scores["spearman"] is None else f"{scores['spearman']:.3f}"
        say(f"{scores['file']}: Spearman {told}, {scores['covered']:,} of {scores['pairs']:,} pairs covered")
    for scores in report["analogies"]:
        table = Table(
            "section", "right", "accuracy", "covered", "questions", title=Text(visible(scores["file"]))
        )
        for section in [*scores["sections"], {**scores, "name": "all"}]:
            accuracy = "undefined" if section["accuracy"] is None else f"{section['accuracy']:.1%}"
            counts = [f"{section[key]:,}" for key in ("covered", "total")]
            table.add_row(Text(visible(section["name"])), f"{section['correct']:,}", accuracy, *counts)
        console.print(table)


if __name__ == "__main__":
    run_script(evaluate)
