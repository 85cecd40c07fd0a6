"""The parent's side of a worker process: start it, send it calls, and say how it ended."""

import json
import os
import pickle
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from w2v_core.executors import local_worker

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {local_worker.__name__} import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)


class WorkerDiedError(RuntimeError):
    """A worker process ended without an answer; `how` says by which signal or exit status."""

    def __init__(self, how: str, was_killed: bool) -> None:
        super().__init__(how)
        self.how = how
        self.was_killed = was_killed


class WorkerProcess:
    """A process that makes one call at a time.

    It does not import the main module of its parent, so it works in scripts, notebooks and zip archives alike.
    """

    def __init__(self) -> None:
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = Pipe()
        paths = json.dumps([path or os.getcwd() for path in sys.path])  # noqa: PTH109 - sys.path holds text
        flags = ["-O"] * min(sys.flags.optimize, 1)
        command = [sys.executable, *flags, "-c", _START, paths, str(theirs.fileno()), str(os.getpid())]
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C in a terminal goes to the parent alone
        )
        theirs.close()

    def load(self, function: bytes) -> None:
        """Set what later calls run, from a pickled ("load", function)."""
        self._send(function)

    def call(self, *arguments: Any) -> None:
        """Start a call; `answer` returns its result."""
        self._send(pickle.dumps(("call", arguments)))

    def answer(self) -> Any:
        """Return the result of the call, or raise what it raised. Raises WorkerDiedError."""
        try:
            kind, *values = pickle.loads(self.pipe.recv_bytes())  # noqa: S301
        except (EOFError, OSError):
            raise self._death() from None
        if kind == "error":
            error, trace = values
            error.add_note(trace)
            raise error
        return values[0]

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self.pipe.close()

    def _send(self, message: bytes) -> None:
        try:
            self.pipe.send_bytes(message)
        except OSError:
            raise self._death() from None

    def _death(self) -> WorkerDiedError:
        status = self._process.wait()
        if status < 0:
            return WorkerDiedError(f"was killed by {signal.Signals(-status).name}", was_killed=True)
        return WorkerDiedError(f"ended with exit status {status}", was_killed=False)
