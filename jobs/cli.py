"""`w2v`: every job as a subcommand."""

from typing import Annotated

import typer
from typer.core import TyperCommand

from jobs._dashes import WordsCommand
from jobs._examples import told
from jobs._options import LogFormatOption, ending
from jobs.build_vocab import vocab
from jobs.embed_documents import embed
from jobs.evaluate_vectors import evaluate
from jobs.export_vectors import export
from jobs.join_phrases import phrases
from jobs.manage_models import models
from jobs.plan_run import plan
from jobs.publish_vectors import publish
from jobs.query_vectors import analogy, neighbors
from jobs.report_run import report
from jobs.run_demo import demo
from jobs.run_night import nightly
from jobs.run_pipeline import run
from jobs.show_status import status
from jobs.tokenize_corpus import tokenize
from jobs.track_run import track
from jobs.train_vectors import train
from jobs.verify_run import verify
from jobs.write_shards import shards
from w2v_core import __version__

app = typer.Typer(
    help="Word vectors from corpora too large for one machine's Python: text in, evaluated vectors out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
PANELS = {
    "From text to vectors": (run, tokenize, phrases, vocab, shards, train, evaluate, report),
    "Vectors at work": (neighbors, analogy, export, embed),
    "Every night": (nightly, status, publish),
    "About a run": (plan, verify, track, demo),
}
for panel, commands in PANELS.items():
    for command in commands:
        kind = WordsCommand if command in (neighbors, analogy) else TyperCommand
        app.command(cls=kind, epilog=told(command.__name__), rich_help_panel=panel)(ending(command))
app.add_typer(models, name="models", rich_help_panel="Every night")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"w2v {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
    log_format: LogFormatOption = "text",
) -> None:
    pass
