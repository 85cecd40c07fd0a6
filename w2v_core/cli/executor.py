"""The executor of a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from w2v_core.config import Config
from w2v_core.console.log import capture_child_stderr
from w2v_core.console.progress import progress
from w2v_core.executors.base import Executor
from w2v_core.executors.choose import choose_executor

ExecutorName = Literal["local", "spark"]
ExecutorOption = Annotated[
    ExecutorName | None,
    typer.Option(
        "--executor",
        metavar="NAME",
        help="local (processes of this machine) or spark. Default: local, unless spark.master is set.",
    ),
]


@contextmanager
def opened_executor(config: Config, name: ExecutorName | None) -> Iterator[Executor]:
    """The executor that `--executor`, or else the settings, ask for; it stops with the block."""
    if name is not None:
        config = config.model_copy(update={"executor": config.executor.model_copy(update={"name": name})})
    executor = choose_executor(config, progress, lambda: capture_child_stderr("spark"))
    try:
        yield executor
    finally:
        executor.stop()
