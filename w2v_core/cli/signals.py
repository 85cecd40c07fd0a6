"""Ctrl-C and SIGTERM as one exception."""

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
    """Raise KeyboardInterrupt in the main thread at the first Ctrl-C or SIGTERM; exit at once at the second."""
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
    """Save and stop training at the first Ctrl-C or SIGTERM; stop it at once at the second."""
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
