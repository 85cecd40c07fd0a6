"""Ctrl-C and SIGTERM as one exception, and how to know it again."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Whatever the block makes of Ctrl-C, afterwards it does what it did before."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def was_interrupted(error: BaseException | None) -> bool:
    """Whether `error`, or one that it came of, is a KeyboardInterrupt: what fails after one hides it.

    Errors may have come of each other in a circle, where one is kept and raised again while the other is handled.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def _interrupt(*_: object) -> None:
    for number in _STOPPING:
        signal.signal(number, _quit)
    raise KeyboardInterrupt


def _quit(*_: object) -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)  # a bar hides it
    os._exit(EXIT_CODE)
