"""The demo: every stage, offline, on the docstrings of the installed Python packages."""

import filecmp
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from w2v_core.cli.commands.query import line, open_vectors
from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.training import watch_training
from w2v_core.config import load_config
from w2v_core.console.log import print_table
from w2v_core.io.events import log_event
from w2v_core.pipeline.demo_corpus import write_corpus
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.run import run_pipeline
from w2v_core.readers.splits import find_files
from w2v_core.runs.artifacts import REPORT_PAGE, STAGES
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors

SETTINGS = ("train.sg=1", "train.epochs=15")
WORDS = ("int32", "dataframe", "eigenvalues", "regex", "csv", "socket", "gaussian", "month")
# Found to hold over seeds, environments and Python versions, most robust first.
ANALOGIES = """\
: docstrings
encode decode encoder decoder
min max argmin argmax
upper lower left right
eigenvalue eigenvalues eigenvector eigenvectors
sin cos sinh cosh
min max minimum maximum
array arrays matrix matrices
uppercase lowercase upper lower
real imaginary numerator denominator
prefix suffix start end
call calls return returns
x y rows columns
key keys value values
column columns row rows
read write reading writing
raise raises return returns
day month hour minute
class classes method methods
start end first last
"""
NUM_SHOWN = 5


def demo(
    run_dir: Annotated[
        str, typer.Option("--run-dir", metavar="DIR", help="Where the run lives: a local folder.")
    ] = "demo-run",
    corpus_only: Annotated[
        bool, typer.Option("--corpus-only", help="Write the text and stop, for Spark stages run elsewhere.")
    ] = False,
    executor: ExecutorOption = None,
) -> None:
    """Run every stage on the docstrings of the installed packages; needs no network.

    Finished stages, for example of a spark-submit job on a cluster, are reused.
    """
    with writing(RunDir.create(run_dir), "w2v demo") as run:
        folder = Path(run.folder.path, "corpus")
        folder.mkdir(exist_ok=True)
        text, questions = folder / "docstrings.txt", folder / "analogies.txt"
        _write_text(text)
        questions.write_text(ANALOGIES, encoding="utf-8")
        if corpus_only:
            return
        overrides = [*SETTINGS, f"evaluate.analogies={[str(questions)]}"]
        settings = load_config(None, overrides)
        with opened_executor(settings, executor) as tasks:
            run_pipeline(run, find_files([str(text)]), settings, tasks, watch_training=watch_training)
        _log_accounts(run)
        _log_answers(open_vectors(run_dir))
        _log_locations(run, run_dir)


def _write_text(path: Path) -> None:
    """Write the docstrings, unless the file is up to date."""
    log_event("corpus: gathering docstrings")
    fresh = path.with_suffix(".fresh")
    summary = write_corpus(fresh)
    if path.exists() and filecmp.cmp(fresh, path, shallow=False):
        fresh.unlink()
    else:
        fresh.replace(path)
    skipped = sum(summary.skipped_files.values())
    log_event(
        f"corpus: {summary.lines:,} paragraphs from {summary.modules:,} modules, {summary.bytes / 1e6:.1f} MB; "
        f"{summary.duplicates:,} repeated paragraphs and {skipped:,} unreadable modules left out"
    )


def _log_accounts(run: RunDir) -> None:
    table = Table("stage", "seconds", "MB", "tokens", title="what each stage did")
    for stage in STAGES:
        if (manifest := run.manifest(stage)) is None:
            continue
        size = sum(file.bytes for file in manifest.files) / 1e6
        table.add_row(stage, f"{manifest.seconds:.1f}", f"{size:.1f}", str(manifest.tokens or ""))
    print_table(table, "what each stage did", "summary")


def _log_answers(vectors: WordVectors) -> None:
    log_event("")
    log_event("neighbors")
    for word in WORDS:
        log_event(
            "  " + line(word, vectors.most_similar(word, topn=6))
            if word in vectors
            else f"  {word}: not in this corpus"
        )
    questions = [tuple(text.split()) for text in ANALOGIES.splitlines()[1:]]
    asked = [question for question in questions if all(word in vectors for word in question)]
    correct = [(a, b, c, d) for a, b, c, d in asked if vectors.analogy(a, b, c, topn=1)[0][0] == d]
    log_event("")
    log_event(f"analogies: {len(correct)} of {len(asked)} hold" + (", such as" if correct else ""))
    for a, b, c, d in correct[:NUM_SHOWN]:
        log_event(f"  {a} is to {b} as {c} is to {d}")


def _log_locations(run: RunDir, run_dir: str) -> None:
    made = [stage for stage in STAGES if run.manifest(stage)]
    log_event("")
    log_event(f"files: {run.folder.path}/{{{','.join(['corpus', *made])}}}")
    log_event(f"a page about it, with a map of the words: {run.stage('reports').file(REPORT_PAGE)}")
    log_event(
        f"ask more: w2v neighbors --run-dir {run_dir} WORD…   or   w2v analogy --run-dir {run_dir} A B C"
    )
