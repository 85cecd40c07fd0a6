"""A job whose tasks meet a fault: spark-submit meet.py PLACE FAULT MARKS [the job's own arguments].

The fault comes with the driver's script, as our code does with the zip: nothing on a worker is prepared. It strikes
once its task has written rows, or has begun to. MARKS is a folder that all machines see; what happened is a file there.
"""

import importlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

from w2v_core.cli.options import run_script

# Where a fault strikes: the stage's module, its command, the function that its tasks run, and whether that is a
# generator. The driver passes the faulty function to its tasks by value.
PLACES = {
    "tokens": ("w2v_core.pipeline.tokenize", "tokenize", "_tokenize_part", False),
    "encode": ("w2v_core.pipeline.shards", "shards", "_encode", True),
    "shards": ("w2v_core.pipeline.shards", "shards", "_write", True),
}
SECONDS = 90


def first(marks, name):
    """Whether this is the first task that calls itself `name`. Its mark says on which worker it runs."""
    try:
        with open(Path(marks, name), "x") as mark:
            mark.write(os.environ.get("W2V_WORKER") or socket.gethostname())
    except FileExistsError:
        return False
    return True


def wait(marks):
    """The first task waits until it is killed, or told to go on."""
    if first(marks, "waiting"):
        until = time.monotonic() + SECONDS
        while not Path(marks, "go").exists() and time.monotonic() < until:
            time.sleep(0.1)


def fail_twice(marks):
    """The first task fails, and so does the next."""
    for name in ("once", "twice"):
        if first(marks, name):
            raise ConnectionError(f"failed {name}")


def kill_executor(marks):
    """The first task's executor is killed as the kernel does it that is out of memory."""
    if first(marks, "killed"):
        daemon = os.getppid()
        executor = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(executor, signal.SIGKILL)
        time.sleep(SECONDS)


def eat_memory(marks):
    """Every task takes all memory that it can get."""
    first(marks, "eating")
    eaten = []
    while len(eaten) < 10_000:
        eaten.append(bytearray(1 << 24))


def tell_python(marks):
    """No fault: which Python runs the tasks, and where its packages are."""
    import numpy

    Path(marks, "python").write_text(f"{sys.executable}\n{numpy.__file__}\n")


FAULTS = {fault.__name__: fault for fault in (wait, fail_twice, kill_executor, eat_memory, tell_python)}


def struck(real, fault, marks):
    """`real`, with the fault after the first rows that it writes."""

    def run(*args):
        from w2v_core.runs.task_output import PartWriter

        write = PartWriter.write

        def write_and_meet(self, rows):
            write(self, rows)
            fault(marks)

        PartWriter.write = write_and_meet
        try:
            return real(*args)
        finally:
            PartWriter.write = write

    return run


def struck_generator(real, fault, marks, writes):
    """`real`, with the fault after the first rows that it writes, or where it writes none before it begins."""

    def run(*args):
        if writes:
            yield from struck(lambda: list(real(*args)), fault, marks)()
        else:
            fault(marks)
            yield from real(*args)

    return run


if __name__ == "__main__":
    place, fault, marks = sys.argv[1:4]
    sys.argv[1:4] = []
    module_name, command, function, is_generator = PLACES[place]
    module = importlib.import_module(module_name)
    real = getattr(module, function)
    if is_generator:
        faulty = struck_generator(real, FAULTS[fault], marks, place != "encode")
    else:
        faulty = struck(real, FAULTS[fault], marks)
    setattr(module, function, faulty)
    run_script(getattr(importlib.import_module(f"w2v_core.cli.commands.{command}"), command))
