"""What Spark's Python workers import first in the tests of kills: a stage's first written rows meet a fault, once.

W2V_FAULT says what happens: `worker` kills this process, `executor` the JVM that started it, `straggler` sleeps.
W2V_FAULT_MARKS is a folder; a stage that has met its fault has a file there.
"""

import os
import signal
import time
from pathlib import Path

from w2v_core.runs.task_output import PartWriter

_FAULT, _MARKS = os.environ["W2V_FAULT"], Path(os.environ["W2V_FAULT_MARKS"])
_JVM = os.getppid()  # this runs in the daemon that the JVM starts, and the workers are its forks
_write = PartWriter.write


def _write_and_meet_the_fault(self, rows):
    _write(self, rows)
    try:
        (_MARKS / Path(self._folder.path).parent.name).touch(exist_ok=False)
    except FileExistsError:
        return
    if _FAULT == "straggler":
        time.sleep(60)
    else:
        os.kill(_JVM if _FAULT == "executor" else os.getpid(), signal.SIGKILL)


PartWriter.write = _write_and_meet_the_fault
