"""The executor of a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from w2v_core.config import Config
from w2v_core.console.log import capture_child_stderr
from w2v_core.console.progress import progress
from w2v_core.errors import UserError
from w2v_core.executors.base import Executor
from w2v_core.executors.choose import choose_executor

NAMES = ("local", "spark")
ExecutorOption = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="NAME",
        help="local (processes of this machine) or spark. Default: local, unless spark.master is set.",
    ),
]


@contextmanager
def opened_executor(config: Config, name: str | None) -> Iterator[Executor]:
    """Yield the executor that `--executor`, or else the settings, name; it stops at the end of the block."""
    if name is not None and name not in NAMES:
        raise UserError(f"--executor {name}: expected one of {', '.join(NAMES)}; correct the option")
    if name is not None:
        config = config.model_copy(update={"executor": config.executor.model_copy(update={"name": name})})
    executor = choose_executor(config, progress, lambda: capture_child_stderr("spark"))
    try:
        yield executor
    finally:
        executor.stop()
