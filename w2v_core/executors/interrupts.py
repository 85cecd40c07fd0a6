"""What an interrupt leaves behind in other exceptions and signal handlers."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def restore_interrupt_handler() -> Iterator[None]:
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
