"""Which process is this, and is that one surely dead?

A number alone does not tell a process: it is given again after a restart, in another container and on another machine.
So a process is known by the machine's name and boot, the namespace its number is in, the number, and when it began.
"""

import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict


class Process(BaseModel):
    """A process among all there ever were. What a system does not tell is None."""

    model_config = ConfigDict(frozen=True)
    host: str
    pid: int
    boot: str | None = None
    namespace: str | None = None
    started: int | None = None
    """in the kernel's ticks since it booted"""

    @classmethod
    def this(cls) -> Self:
        """The one that asks."""
        return cls(
            host=socket.gethostname(),
            pid=os.getpid(),
            boot=_boot(),
            namespace=_namespace(),
            started=_process_state(os.getpid())[0],
        )

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    def has_this_clock(self) -> bool:
        """Whether it runs, or ran, under the kernel that this process does, so that both read the time off one clock.

        Containers of one machine do, and each has a name of its own.
        """
        return self.boot is not None and self.boot == _boot()

    def is_seen_from_here(self) -> bool:
        """Whether its number means the same process to this one."""
        is_this_machine = self.has_this_clock() and self.host == socket.gethostname()
        return is_this_machine and self.namespace is not None and self.namespace == _namespace()

    def is_surely_dead(self) -> bool:
        """Whether it would be seen from here and is not. Of processes elsewhere nothing is known, so they are not."""
        if not self.is_seen_from_here():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # it is somebody else's, and lives
        started, is_ended = _process_state(self.pid)
        return is_ended or (None not in (started, self.started) and started != self.started)


@cache
def _boot() -> str | None:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return None


def _namespace() -> str | None:
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return None


def _process_state(pid: int) -> tuple[int | None, bool]:
    """Return when the process began, None if unknown, and whether it has ended and only waits to be reaped."""
    try:
        content = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None, False
    # A name in brackets, which may hold anything, stands before.
    state, *fields = content.rpartition(")")[2].split()
    return int(fields[18]), state in "ZX"
