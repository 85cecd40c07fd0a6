"""The commands `w2v neighbors` and `w2v analogy`."""

from typing import Annotated

import typer

from w2v_core.cli.options import JsonOption, print_json
from w2v_core.console.log import escape_word, print_result
from w2v_core.errors import UserError
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.similar_by import ANALOGY_METHODS
from w2v_core.vectors.word_vectors import Answers, WordVectors

WordsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="WORD...", help="Words of the vocabulary; put -- before words that begin with a dash."
    ),
]
TopOption = Annotated[int, typer.Option("--topn", min=1, help="How many answers.")]
OptionalRunDir = Annotated[
    str | None, typer.Option("--run-dir", metavar="DIR", help="Where the run lives: a folder or a URI.")
]
VectorsOption = Annotated[
    str | None,
    typer.Option(
        "--vectors",
        metavar="PATH",
        help="In place of a run: vectors of word2vec, GloVe, Parquet, safetensors or npy.",
    ),
]
MethodOption = Annotated[
    str, typer.Option("--method", metavar="METHOD", help=f"One of {', '.join(ANALOGY_METHODS)}.")
]


def neighbors(
    words: WordsArgument,
    run_dir: OptionalRunDir = None,
    vectors: VectorsOption = None,
    topn: TopOption = 10,
    json_: JsonOption = False,
) -> None:
    """Show the words nearest to each word."""
    found = open_either(run_dir, vectors).most_similar_batch(words, topn=topn)
    _print_answers(dict(zip(words, found, strict=True)), json_)


def analogy(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A word; put -- before words that begin with a dash.")
    ],
    b: Annotated[str, typer.Argument(metavar="B")],
    c: Annotated[str, typer.Argument(metavar="C")],
    run_dir: OptionalRunDir = None,
    vectors: VectorsOption = None,
    topn: TopOption = 5,
    method: MethodOption = "3cosadd",
    json_: JsonOption = False,
) -> None:
    """Answer "A is to B as C is to what?"."""
    _print_answers(
        {f"{a}:{b}::{c}:?": open_either(run_dir, vectors).analogy(a, b, c, topn, method=method)}, json_
    )


def open_either(run_dir: str | None, vectors: str | None) -> WordVectors:
    """Open the vectors of a run or at a path. Raises UserError unless exactly one is named."""
    if run_dir is not None and vectors is None:
        return open_vectors(run_dir)
    if vectors is not None and run_dir is None:
        return WordVectors.load(vectors)
    raise UserError("name either a run with --run-dir or vectors with --vectors")


def open_vectors(run_dir: str) -> WordVectors:
    """Open the vectors of a run whose training is finished."""
    run = RunDir.open(resolved(run_dir))
    run.require("vectors")
    return WordVectors.read(run.stage("vectors"))


def _print_answers(answers: dict[str, Answers], as_json: bool) -> None:
    if as_json:
        print_json({question: [_as_dict(each) for each in found] for question, found in answers.items()})
        return
    for question, found in answers.items():
        print_result(line(question, found))


def _as_dict(found: tuple[str, float]) -> dict[str, str | float]:
    word, score = found
    return {"word": word, "score": round(score, 6)}


def line(question: str, found: Answers) -> str:
    """Return one answer as a line of text."""
    answers = (f"{escape_word(word)} {score:.2f}" for word, score in found)
    return "  ".join((escape_word(question), *answers))
