"""Rows to vectors, on one machine and without Spark."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from w2v_core.cli.options import ConfigOption, RunDirOption, SetOption, say
from w2v_core.config import load_config
from w2v_core.console.log import console, speaks_json
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.train import train_vectors
from w2v_core.runs.run_directory import RunDir
from w2v_core.training.trainer import Progress

FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Start over, where training was interrupted and left a checkpoint.")
]


def train(
    run_dir: RunDirOption,
    fresh: FreshOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Train word vectors on the shards; goes on from a checkpoint where there is one."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v train") as run:
        train_vectors(run, settings, fresh)


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask training to save and stop; the second time they stop it at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("vectors: stopping after this block, and saving")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress_bar() -> AbstractContextManager[Callable[[Progress], None]]:
    """A bar on a terminal, and a line for every tenth of the way elsewhere."""
    # Rich before 14.3 ends a bar that is not shown with an empty line.
    return _bar() if console.is_terminal and not speaks_json() else _lines()


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    columns = (
        TextColumn("vectors"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%  {task.fields[facts]}  left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, facts="")
        yield lambda progress: bar.update(
            task, total=progress.total_rows, completed=progress.rows, facts=_facts(progress)
        )


@contextmanager
def _lines() -> Iterator[Callable[[Progress], None]]:
    last_told = -1

    def show(progress: Progress) -> None:
        nonlocal last_told
        tenth = progress.rows * 10 // progress.total_rows
        if tenth > last_told:
            told = f"vectors: {progress.rows / progress.total_rows:.0%}  {_facts(progress)}"
            say(told, "training_progress", **progress.to_dict())
            last_told = tenth

    yield show


def _facts(progress: Progress) -> str:
    losses = [
        f"{name} {loss:.4f}"
        for name, loss in (("loss", progress.loss), ("held out", progress.held_out_loss))
        if loss is not None
    ]
    rates = [f"{progress.rows_per_second:,.0f} rows/s"] if progress.rows else []
    return "  ".join([f"epoch {progress.epoch}", *losses, f"alpha {progress.alpha:.5f}", *rates])
