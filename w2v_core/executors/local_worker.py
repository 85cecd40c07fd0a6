"""A worker process of the local executor: takes calls from a pipe until the pipe ends.

    ("load", function)    keep the function that the next calls are made with
    ("call", arguments)   call it, and answer ("result", value) or ("error", exception, traceback)

The process ends when its parent does, so that no task outlives its command.
"""

import os
import pickle
import signal
import sys
import time
import traceback
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

SECONDS_BETWEEN_LOOKS = 0.5


def main(descriptor: int, parent: int) -> None:
    """Serve the pipe `descriptor` of the process `parent`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    pipe: Connection[Any, Any] = Connection(descriptor)
    function = None
    while True:
        try:
            kind, value = pickle.loads(pipe.recv_bytes())  # noqa: S301
        except (EOFError, OSError):
            return
        if kind == "load":
            function = value
        else:
            pipe.send_bytes(_answer(function, value))


def _answer(function: Any, arguments: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps(("result", function(*arguments)))
    except BaseException as error:
        trace = traceback.format_exc()
        try:
            pickled = pickle.dumps(("error", error, trace))
            pickle.loads(pickled)  # noqa: S301
        except Exception:
            pickled = pickle.dumps(("error", RuntimeError(f"{type(error).__name__}: {error}"), trace))
        return pickled


def _exit_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
