"""A lease that a process holds for as long as it lives, and that is free soon after it died.

    with hold_lease(run.lease, "w2v train", log_event):
        …

Its time is short and renewed all the while. A process that was killed on this machine holds up nobody. One that cannot
be seen from here, in another container or on another machine, holds up others until its time is over: they wait for
that, but not for one who gives a sign of life meanwhile.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder
from w2v_core.locking.lease import CLOCKS_DIFFER, Lease, LeaseHeldError, LeaseLostError, acquire

LIFETIME_SECONDS, RENEWAL_SECONDS = 60.0, 10.0


@contextmanager
def hold_lease(
    folder: Folder, purpose: str, on_wait: Callable[[str], object] | None = None
) -> Iterator[Lease]:
    """Hold the lease of `folder` during the block, in the main thread.

    Raises LeaseHeldError if another process holds it. If another process acquires it during the block, because
    this machine slept, the block is interrupted and LeaseLostError raised.
    on_wait: called with a description of the process whose sign of life is waited for
    """
    patience = LIFETIME_SECONDS + CLOCKS_DIFFER.total_seconds() + RENEWAL_SECONDS
    lease = acquire(folder, purpose, LIFETIME_SECONDS, wait_for_sign=patience, on_wait=on_wait)
    beat = _Beat(lease)
    beat.start()
    try:
        yield lease
    except KeyboardInterrupt as error:
        if beat.lost:
            raise beat.lost from error
        raise
    finally:
        beat.stop()
        with suppress(
            OSError, UserError
        ):  # a fault in flight is the one to tell, and its time ends by itself
            lease.release()
    if beat.lost:
        raise beat.lost


class _Beat:
    """Renews the lease in a thread until it is stopped; interrupts the main thread where another has the lease."""

    def __init__(self, lease: Lease) -> None:
        self.lost: UserError | None = None
        self._lease = lease
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(RENEWAL_SECONDS):
            try:
                self._lease.reacquire()
            except (LeaseLostError, LeaseHeldError) as error:
                self.lost = error
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                return
            except (OSError, UserError):  # a store that is away for a moment, or a full disk
                continue
