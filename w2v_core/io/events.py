"""Log events: a message for people and fields for programs, through the logger `w2v`.

A record carries `event`, `fields`, `run` and `stage`. The command line prints it as a line or as a JSON object. In a
notebook or a service, attach a handler to `logging.getLogger("w2v")`, with `JsonFormatter` for JSON lines.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from w2v_core.io.credentials import holds_credentials, redacted, without_secrets

LOGGER = logging.getLogger("w2v")
LOGGER.addHandler(logging.NullHandler())
_bound: ContextVar[dict[str, str]] = ContextVar("w2v_bound")


def log_event(message: str, event: str = "message", level: str = "info", **fields: Any) -> None:
    """Log `message` as an event of this name. `fields` are plain values for programs."""
    bound = {
        key: redacted(value) if holds_credentials(value) else value for key, value in _bound.get({}).items()
    }
    number = logging.getLevelNamesMapping()[level.upper()]
    LOGGER.log(number, "%s", message, extra={"event": event, "fields": fields, **bound})


def bind_run(location: str | None) -> None:
    """Add the run directory to every later event of this thread; with None, forget run and stage."""
    _bound.set({"run": location} if location is not None else {})


@contextmanager
def bound_run(location: str) -> Iterator[None]:
    """Add the run directory to every event of the block, and forget it and its stages in the end."""
    before = _bound.get({})
    _bound.set({"run": location})
    try:
        yield
    finally:
        _bound.set(before)


@contextmanager
def bind_stage(name: str) -> Iterator[None]:
    """Add the stage to every event of the block, and to what is logged of an exception that leaves it."""
    before = _bound.get({})
    _bound.set(before | {"stage": name})
    yield
    _bound.set(before)


class JsonFormatter(logging.Formatter):
    """Format a record as one JSON object in ASCII: no character of a file's name ends the line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; records of other code have no event."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "message"),
            "message": record.getMessage(),
            **{key: getattr(record, key) for key in ("run", "stage") if hasattr(record, key)},
            **getattr(record, "fields", {}),
        }
        return json.dumps(_plain(line), allow_nan=False)


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it: without secrets, and with null for numbers that are not finite."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
