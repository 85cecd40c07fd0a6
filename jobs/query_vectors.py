"""Questions to the vectors, one line each, from the shell."""

from typing import Annotated

import typer

from jobs._options import JsonOption, RunDirOption, print_json, say
from w2v_core.run_dir import RunDir
from w2v_core.vectors import WordVectors

WordsArgument = Annotated[list[str], typer.Argument(metavar="WORD...", help="Words of the vocabulary.")]
TopOption = Annotated[int, typer.Option("--topn", min=1, help="How many answers.")]

Answers = list[tuple[str, float]]


def neighbors(
    words: WordsArgument, run_dir: RunDirOption, topn: TopOption = 10, json_: JsonOption = False
) -> None:
    """Show the words nearest to each word."""
    vectors = open_vectors(run_dir)
    _tell({word: vectors.most_similar(word, topn=topn) for word in words}, json_)


def analogy(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    c: Annotated[str, typer.Argument(metavar="C")],
    run_dir: RunDirOption,
    topn: TopOption = 5,
    json_: JsonOption = False,
) -> None:
    """Answer "A is to B as C is to what?"."""
    _tell({f"{a}:{b}::{c}:?": open_vectors(run_dir).analogy(a, b, c, topn=topn)}, json_)


def open_vectors(run_dir: str) -> WordVectors:
    """The vectors of a run whose training is finished."""
    run = RunDir.open(run_dir)
    run.require("vectors")
    return WordVectors.read(run.stage("vectors"))


def _tell(answers: dict[str, Answers], as_json: bool) -> None:
    if as_json:
        print_json({question: [_as_dict(answer) for answer in found] for question, found in answers.items()})
        return
    for question, found in answers.items():
        say(line(question, found))


def _as_dict(answer: tuple[str, float]) -> dict[str, str | float]:
    word, score = answer
    return {"word": word, "score": round(score, 6)}


def line(question: str, found: Answers) -> str:
    """One answer line for people."""
    return f"{question}  " + "  ".join(f"{word} {score:.2f}" for word, score in found)
