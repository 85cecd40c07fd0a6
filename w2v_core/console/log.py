"""What a command says while it works: lines and tables for people, or one JSON object a line for programs.

Both go to standard error, through the logger `w2v`; standard output is for answers. Nothing else stands between the
JSON lines:

    {"time": "2026-01-02T03:04:05.678+00:00", "level": "info", "event": "stage_finished", "message": "vocab: 1.2 s; …",
     "run": "my-run", "stage": "vocab", "seconds": 1.2, "bytes": 34567, …}

docs/operations.md lists the events and their fields.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Thread
from typing import Any, Literal, TextIO

from rich.console import Console, RenderableType

from w2v_core.io.credentials import without_secrets
from w2v_core.io.events import LOGGER, JsonFormatter, bind_run, log_event

LogFormat = Literal["text", "json"]
ENVIRONMENT = "W2V_LOG_FORMAT"
OPTION = "--log-format"

console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)
"""Where people read."""

# Control characters, lone surrogates, and what turns the direction of a line: a terminal would act on them.
_ACTS_ON_TERMINALS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_ACTS_ON_LINES = re.compile("[\t\n\u2028\u2029]")
_ACTS_IN_JSON = re.compile(
    "[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)  # it has escapes for those below


class ConsoleHandler(logging.Handler):
    """Shows a record on standard error: a line or a table for people, or with a formatter what that makes of it.

    A line for people is the message, but for secrets and for characters that would act on the terminal or begin
    another line.
    """

    renderers: Mapping[str, Callable[..., None]]
    """for events that people read as tables, a function that shows their fields"""
    stream: TextIO | None = None
    """in place of standard error, while that is another process's"""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.renderers = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Show the record."""
        if (render := self.renderers.get(getattr(record, "event", ""))) is not None:
            render(**record.__dict__["fields"])
        elif self.formatter is None:
            _print(without_secrets(record.getMessage()))
        else:
            with suppress(BrokenPipeError):
                stream = self.stream or sys.stderr
                stream.write(self.format(record) + "\n")
                stream.flush()


_handler = ConsoleHandler()


def choose_format(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Speak as the last `--log-format` among the arguments says, or else W2V_LOG_FORMAT.

    It is looked for before arguments are read, since arguments that are wrong are told in this form too. Whoever
    reads them refuses another form than the two.
    """
    asked = environment.get(ENVIRONMENT, "text")
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == OPTION:
            asked = value if equals else "".join(arguments[position + 1 : position + 2])
    _handler.setFormatter(JsonFormatter() if asked == "json" else None)
    bind_run(None)


def speaks_json() -> bool:
    """Whether programs read: no bars then, and no tables."""
    return _handler.formatter is not None


def show_log(renderers: Mapping[str, Callable[..., None]]) -> None:
    """Show the library's log on standard error from now on."""
    _handler.renderers = renderers
    LOGGER.addHandler(_handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def print_result(text: str) -> None:
    """Print an answer on standard output, or log it as an event in JSON. No word of an answer is taken for a secret."""
    if speaks_json():
        log_event(text)
        return
    encoding = sys.stdout.encoding or "utf-8"
    line = (
        escape_control_chars(text).replace("\n", "\\n").encode(encoding, "backslashreplace").decode(encoding)
    )
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print(text: str) -> None:
    console.print(escape_control_chars(text).replace("\n", "\\n"))


def print_table(table: RenderableType, message: str, event: str, **fields: Any) -> None:
    """A table for people; for programs an event, whose `fields` hold what the table shows."""
    if speaks_json():
        log_event(message, event, **fields)
    else:
        console.print(table)


def escape_control_chars(text: str) -> str:
    """`text` with characters that act on terminals as escapes."""
    return _ACTS_ON_TERMINALS.sub(
        lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text
    )


def escape_word(word: str) -> str:
    """`visible`, and on one line and in one column, whatever reads it."""
    return _ACTS_ON_LINES.sub(
        lambda found: found.group().encode("unicode_escape").decode(), escape_control_chars(word)
    )


def escape_json(text: str) -> str:
    """The same JSON with characters that act on terminals as its own escapes."""
    return _ACTS_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


@contextmanager
def capture_child_stderr(event: str) -> Iterator[None]:
    """In JSON, what a process started in this block writes to standard error becomes an event a line, all its life."""
    if not speaks_json():
        yield
        return
    read_end, write_end = os.pipe()
    own = os.dup(2)
    with open(own, "w", encoding="utf-8", closefd=False) as stream:
        _handler.stream = stream  # what is said meanwhile is not heard again
        os.dup2(write_end, 2)
        os.close(write_end)
        context = copy_context()
        Thread(target=context.run, args=(_log_lines, read_end, event), daemon=True).start()
        try:
            yield
        finally:
            os.dup2(own, 2)
            _handler.acquire()
            _handler.stream = None
            _handler.release()
            os.close(own)


def _log_lines(read_end: int, event: str) -> None:
    with open(read_end, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if text := line.strip():
                log_event(text, event, "warning")
