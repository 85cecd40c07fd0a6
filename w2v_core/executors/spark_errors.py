"""What people are told of a Spark job that failed: the cause, without the traces of two languages."""

import re

from w2v_core import errors
from w2v_core.errors import UserError, W2VError


class SparkError(W2VError, RuntimeError):
    """A Spark job ended otherwise than by an exception of ours; the message names the job and the first cause."""


def failure_of(job: str, error: Exception, is_python: bool) -> Exception:
    """What to raise for `error`, which Spark raised: what a task raised as W2VError as that; a UserError too where
    memory was short or a disk full; SparkError where a Python worker or a JVM died. Another failure of Python code is
    itself.
    """
    message = _text(error)
    if found := _OURS.search(message):
        return _error_of(*found.groups())
    if _OUT_OF_MEMORY.search(message):
        return UserError(f"{job}: {_MORE_MEMORY}")
    if found := _NO_DISK.search(message):
        return UserError(f"{job}: {found.group()}; {_MORE_DISK}")
    return error if is_python else SparkError(f"{job}: {_cause(message)}")


def _error_of(name: str, message: str) -> W2VError:
    kind = getattr(errors, name, UserError)
    return kind(message) if issubclass(kind, W2VError) else UserError(message)


def reason_of(error: Exception) -> str:
    """The first line that tells a fault; Py4J's own says only what was called."""
    lines = [line.removeprefix(": ") for line in _text(error).splitlines()]
    return lines[1] if len(lines) > 1 and lines[0].startswith("An error occurred while calling") else lines[0]


def _text(error: Exception) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # Py4J asks the JVM for it, which may be gone
        return type(error).__name__


def _cause(message: str) -> str:
    """What Spark says of the task that failed, without the JVM's traces."""
    found = _JOB_ABORTED.search(message)
    if found is None:
        return f"Spark's Java process does not answer ({message.splitlines()[0]})"
    most_recent = _MOST_RECENT.search(message)
    return " ".join(found.group().split()) + (f" {most_recent.group(1)}" if most_recent else "")


# Spark's message may go on in the next line.
_JOB_ABORTED = re.compile(r"Job aborted[^:\n]*:?\s*.*")
_MOST_RECENT = re.compile(r"Most recent failure:\s*(.*)")
_OURS = re.compile(rf"^{re.escape(errors.__name__)}\.(\w+): (.*)$", re.MULTILINE)
_OUT_OF_MEMORY = re.compile(
    r"^(MemoryError|pyarrow\.lib\.ArrowMemoryError|numpy\.\S+MemoryError)\b", re.MULTILINE
)
_NO_DISK = re.compile(r"No space left on device|Disk quota exceeded|Read-only file system")
_MORE_DISK = (
    "make room in the run directory's file system and, for shuffles, in spark.local.dir on all machines, "
    "and run again"
)
_MORE_MEMORY = (
    "a Python worker has no more memory; raise spark.executor.pyspark.memory, give executors fewer cores, or lower "
    "shards.target_rows"
)
