"""Tasks that end a worker process, or raise what its parent may not expect. A worker imports them from here."""

import os
import resource
import signal
import time
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from w2v_core.errors import UserError
from w2v_core.runs.task_output import TaskResult

ROWS = pa.schema([("key", pa.int64()), ("value", pa.int64())])


class NeedsTwoError(Exception):
    """An exception that pickle cannot make again."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other}")


def succeed(part: int) -> TaskResult:
    return TaskResult(part=part)


def be_killed(part: int) -> TaskResult:
    if part == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return TaskResult(part=part)


def leave(part: int) -> TaskResult:
    os._exit(3)


def need_memory(part: int) -> TaskResult:
    raise MemoryError


def raise_unpicklable(part: int) -> TaskResult:
    raise NeedsTwoError("this", "that")


def raise_user_error(part: int) -> TaskResult:
    raise UserError("tasks say which file is damaged; write it again")


def tell_process(part: int) -> TaskResult:
    return TaskResult(part=part, counters={"process": os.getpid()})


def sleep_long(part: int) -> TaskResult:
    time.sleep(600)
    return TaskResult(part=part)


def rows_of(num_rows: int, part: int) -> Iterator[pa.RecordBatch]:
    """`num_rows` rows of random keys, in batches of 10,000."""
    rng = np.random.default_rng(part)
    for begin in range(0, num_rows, 10_000):
        keys = rng.integers(-(2**62), 2**62, min(10_000, num_rows - begin))
        yield pa.record_batch([keys, keys // 3], schema=ROWS)


def sum_rows(batches: Iterable[pa.RecordBatch], part: int) -> Iterator[TaskResult]:
    """One result a part: its rows, their sum, and the peak memory of the process in KiB, from /proc."""
    rows = total = 0
    for batch in batches:
        rows += len(batch)
        total += int(batch["value"].to_numpy().sum() % 1_000_003)
    yield TaskResult(part=part, counters={"rows": rows, "sum": total % 1_000_003, "peak": peak_kib()})


def peak_kib() -> int:
    """Peak resident memory of this process that is its own: pages of mapped files are the kernel's to take back."""
    with open("/proc/self/status", encoding="ascii") as status:
        found = dict(line.split(":", 1) for line in status)
    return int(found["VmHWM"].split()[0])


def rows_of_limited(num_rows: int, part: int) -> Iterator[pa.RecordBatch]:
    """As `rows_of`, in a process whose files end at 100 kB, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    yield from rows_of(num_rows, part)
