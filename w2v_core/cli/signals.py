"""Ctrl-C and SIGTERM as one exception, and how to know it again."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from w2v_core.io.events import log_event

EXIT_CODE = 130
_STOPPING = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def interruptible() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM raises KeyboardInterrupt in the main thread; the second ends the process at once."""
    before = {number: signal.signal(number, _interrupt) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(*_: object) -> None:
    for number in _STOPPING:
        signal.signal(number, _quit)
    raise KeyboardInterrupt


def _quit(*_: object) -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)  # a bar hides it
    os._exit(EXIT_CODE)


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask training to save and stop; the second time they stop it at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        log_event("vectors: stopping after this block, and saving")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
