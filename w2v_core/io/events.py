"""Log events: a message for people and fields for programs, through the logger `w2v`.

A record carries `event`, `fields`, `run` and `stage`. The command line prints it as a line or as a JSON object. In a
notebook or a service, attach a handler to `logging.getLogger("w2v")`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

LOGGER = logging.getLogger("w2v")
LOGGER.addHandler(logging.NullHandler())
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_run: ContextVar[str | None] = ContextVar("w2v_run", default=None)
_stage: ContextVar[str | None] = ContextVar("w2v_stage", default=None)


def log_event(message: str, event: str = "message", level: str = "info", **fields: Any) -> None:
    """Log `message` as an event of this name. `fields` are plain values for programs."""
    LOGGER.log(_LEVELS[level], "%s", message, extra={"event": event, "fields": fields, **bound()})


def bind_run(location: str | None) -> None:
    """Add the run directory to every later event of this thread."""
    _run.set(location)


@contextmanager
def bind_stage(name: str) -> Iterator[None]:
    """Add the stage to every event of the block, and to what is logged of an exception that leaves it."""
    _stage.set(name)
    yield
    _stage.set(None)


def unbind() -> None:
    """Forget the run and the stage."""
    _run.set(None)
    _stage.set(None)


def bound() -> dict[str, str]:
    """Return the run and the stage of this thread's events, where there are any."""
    return {
        name: value for name, value in (("run", _run.get()), ("stage", _stage.get())) if value is not None
    }
