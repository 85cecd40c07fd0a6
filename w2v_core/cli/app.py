"""The application `w2v`: one subcommand for each job."""

from typing import Annotated

import typer
from typer.core import TyperCommand

from w2v_core import __version__
from w2v_core.cli.commands.demo import demo
from w2v_core.cli.commands.embed import embed
from w2v_core.cli.commands.evaluate import evaluate
from w2v_core.cli.commands.export import export
from w2v_core.cli.commands.models import models
from w2v_core.cli.commands.nightly import nightly
from w2v_core.cli.commands.phrases import phrases
from w2v_core.cli.commands.plan import plan
from w2v_core.cli.commands.publish import publish
from w2v_core.cli.commands.query import analogy, neighbors
from w2v_core.cli.commands.report import report
from w2v_core.cli.commands.run import run
from w2v_core.cli.commands.shards import shards
from w2v_core.cli.commands.status import status
from w2v_core.cli.commands.tokenize import tokenize
from w2v_core.cli.commands.track import track
from w2v_core.cli.commands.train import train
from w2v_core.cli.commands.verify import verify
from w2v_core.cli.commands.vocab import vocab
from w2v_core.cli.dashes import WordsCommand
from w2v_core.cli.examples import epilog_of
from w2v_core.cli.options import LogFormatOption, exit_status

app = typer.Typer(
    help="Word vectors from corpora too large for one machine's Python: text in, evaluated vectors out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
PANELS = {
    "From text to vectors": (run, tokenize, phrases, vocab, shards, train, evaluate, report),
    "Vectors at work": (neighbors, analogy, export, embed),
    "Nightly runs": (nightly, status, publish),
    "About a run": (plan, verify, track, demo),
}
for panel, commands in PANELS.items():
    for command in commands:
        kind = WordsCommand if command in (neighbors, analogy) else TyperCommand
        app.command(cls=kind, epilog=epilog_of(command.__name__), rich_help_panel=panel)(exit_status(command))
app.add_typer(models, name="models", rich_help_panel="Nightly runs")


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
