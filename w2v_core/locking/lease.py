"""One at a time: a lease of a folder, on a disk or on an object store that can only put, get, list and delete.

    with acquired(store / "lease", "publishing", lifetime=600) as lease:
        …
        lease.renew()    # before what must not be done by two

A claimant writes a claim, a file of a name of its own, and then lists the folder. It holds the lease if and only if no
other claim is there; otherwise it takes its claim back. A claim is written before its claimant lists, so of two
claimants the one that lists later sees the other, and two never hold at once. Both may see each other: then both step
back and try again, each after a random time.

    <claim>.json     written once, and never renamed or written again: a listing of a disk may miss a file that is
    <claim>.until    until when it is held, as it was last renewed; read by its name and never looked for in a listing

A claim that is past its time counts for nothing, nor does that of a process that is surely dead: one that was killed a
moment ago stands in nobody's way. Whoever holds on for longer than the lease's time has to renew it.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access
from w2v_core.locking.process_identity import Process

CLOCKS_DIFFER = timedelta(minutes=1)
"""A claim from another machine is left alone for so long after its time, since clocks differ."""

CONTEST_SECONDS = 10.0
"""How long claimants that only see other claimants go on trying."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds; a random share of it
_CLAIM, _UNTIL = ".json", ".until"


class LeaseHeldError(UserError):
    """Somebody else holds the lease. The message names who, what for, since when, until when, and the way out."""

    exit_code = 4


class LeaseLostError(UserError):
    """The lease was held for longer than its time, or its claim was deleted: somebody else may hold it."""


class Claim(BaseModel):
    """What a claimant says of itself. `owner` is None where the process is the owner and its death the end."""

    model_config = ConfigDict(frozen=True)
    owner: str | None
    process: Process
    purpose: str
    since: datetime
    expires: datetime
    is_held: bool = False
    """whether its claimant has found nobody else; else it is just about to look"""

    def is_void(self, at: datetime) -> bool:
        """Whether its time is over, or its owner surely dead."""
        grace = timedelta(0) if self.process.has_this_clock() else CLOCKS_DIFFER
        if at >= self.expires + grace:
            return True
        return self.owner is None and self.process.is_surely_dead()

    def __str__(self) -> str:
        owner = f"{self.owner} ({self.process})" if self.owner else str(self.process)
        return f"{owner}, {self.purpose}, since {_time_text(self.since)} and at most until {_time_text(self.expires)}"


Claims = dict[str, Claim | None]
"""Claims by the names of their files, None for a file that is no claim: it counts, since nobody knows whose it is."""


@dataclass
class Lease:
    """A lease that is held: the claim and the name of its file."""

    folder: Folder
    name: str
    claim: Claim
    lifetime: timedelta

    def renew(self) -> None:
        """Hold it for another lifetime from now. LeaseLostError if its claim is gone or its time is over.

        Others remove a claim that they read after its time. Where the new time stood before that, they read it.
        """
        expires = datetime.now(UTC) + self.lifetime
        with access(str(self.folder)):
            is_there = self.folder.read(self.name) is not None
            if is_there and datetime.now(UTC) < self.claim.expires:
                self.folder.write_atomically(_until(self.name), expires.isoformat().encode())
                if datetime.now(UTC) < self.claim.expires:
                    self.claim = self.claim.model_copy(update={"expires": expires, "is_held": True})
                    return
            _withdraw(self.folder, self.name)
        why = (
            f"its time was over at {_time_text(self.claim.expires)}" if is_there else "its claim was deleted"
        )
        raise LeaseLostError(
            f"the lease {self.folder} for {self.claim.purpose} is lost ({why}): somebody else may hold it; start again"
        )

    def reacquire(self) -> None:
        """Hold it for another lifetime, also where its time is over, as after a machine's sleep, but nobody has come.

        Whoever comes after its time removes the claim. LeaseLostError if one did, LeaseHeldError if one just does.
        """
        with access(str(self.folder)):
            if datetime.now(UTC) < self.claim.expires or self.folder.read(self.name) is None:
                self.renew()
                return
        again = acquire(
            self.folder, self.claim.purpose, self.lifetime.total_seconds(), owner=self.claim.owner
        )
        self.name, self.claim = again.name, again.claim

    def release(self) -> None:
        """Hold it no longer; as a named owner, nowhere."""
        with access(str(self.folder)):
            for name, claim in _claims(self.folder).items():
                if name == self.name or _is_of(self.claim.owner, claim):
                    _withdraw(self.folder, name)


@contextmanager
def acquired(folder: Folder, purpose: str, lifetime: float, *, wait: float = 0.0) -> Iterator[Lease]:
    """Hold the lease of `folder` during the block, as this process. Errors and arguments as `acquire`."""
    lease = acquire(folder, purpose, lifetime, wait=wait)
    try:
        yield lease
    except BaseException:
        with suppress(OSError, UserError):  # the fault in flight is the one to tell
            lease.release()
        raise
    lease.release()


def acquire(
    folder: Folder,
    purpose: str,
    lifetime: float,
    *,
    owner: str | None = None,
    wait: float = 0.0,
    wait_for_sign: float = 0.0,
    on_wait: Callable[[str], object] | None = None,
) -> Lease:
    """Acquire the lease of `folder` for so many seconds, unless it is renewed or released.

    Raises LeaseHeldError if another process holds it.

    owner: who holds it instead of this process, which then may end: one that names itself the same takes it again
    wait: seconds to wait for another who holds it
    wait_for_sign: seconds to wait where the holder may be dead: it cannot be seen from here, and does not renew
    on_wait: called once, with a description of the process whose sign of life is waited for
    """
    begin, pause = time.monotonic(), _FIRST_PAUSE
    first_seen: Claims | None = None
    with access(str(folder)):
        folder.require_bucket()
        folder.create()
        while True:
            tried = _try(folder, purpose, timedelta(seconds=lifetime), owner)
            if isinstance(tried, Lease):
                return tried
            is_contest = not any(claim is None or claim.is_held for claim in tried.values())
            patience = max(wait, CONTEST_SECONDS) if is_contest else wait
            if _is_silent(tried, first_seen or tried):
                if first_seen is None and on_wait:
                    on_wait(_holder_text(tried))
                patience = max(patience, wait_for_sign)
            first_seen = first_seen or tried
            if time.monotonic() - begin >= patience:
                raise _held_error(folder, tried)
            time.sleep(random.random() * pause)  # noqa: S311
            pause = min(2 * pause, _LONGEST_PAUSE)


def _try(folder: Folder, purpose: str, lifetime: timedelta, owner: str | None) -> Lease | Claims:
    """The lease, or the claims that are in the way."""
    claims = _live_claims(folder)
    for name, claim in claims.items():
        if claim and claim.is_held and _is_of(owner, claim):
            lease = Lease(folder, name, claim, lifetime)
            with suppress(LeaseLostError):
                lease.renew()
                return lease
    if others := _others(claims, owner):
        return others
    now = datetime.now(UTC)
    own = Claim(owner=owner, process=Process.this(), purpose=purpose, since=now, expires=now + lifetime)
    name = f"{uuid4().hex}{_CLAIM}"
    try:
        folder.write_atomically(name, own.model_dump_json(indent=2).encode())
        claims = _live_claims(folder)
        claims.pop(name, None)
        if not (others := _others(claims, owner)):
            lease = Lease(folder, name, own, lifetime)
            lease.renew()
            return lease
    except BaseException:
        with suppress(OSError):
            _withdraw(folder, name)
        raise
    _withdraw(folder, name)
    return others


def _others(claims: Claims, owner: str | None) -> Claims:
    return {name: claim for name, claim in claims.items() if not _is_of(owner, claim)}


def _is_of(owner: str | None, claim: Claim | None) -> bool:
    return owner is not None and claim is not None and claim.owner == owner


def _live_claims(folder: Folder) -> Claims:
    """The claims that count; void ones are removed on the way."""
    before_reading = datetime.now(UTC)  # see Lease.renew
    claims = _claims(folder)
    void = [name for name, claim in claims.items() if claim and claim.is_void(before_reading)]
    for name in void:
        _withdraw(folder, name)
    return {name: claim for name, claim in claims.items() if name not in void}


def _claims(folder: Folder) -> Claims:
    names = [name for name in folder.sizes() if name.endswith(_CLAIM) and not name.startswith(".")]
    data = {name: folder.read(name) for name in names}
    return {
        name: _decoded(found, folder.read(_until(name))) for name, found in data.items() if found is not None
    }


def _decoded(data: bytes, until: bytes | None) -> Claim | None:
    try:
        claim = Claim.model_validate_json(data)
        if until is None:
            return claim
        return Claim.model_validate(claim.model_dump() | {"expires": until.decode(), "is_held": True})
    except (ValidationError, UnicodeDecodeError):
        return None


def _is_silent(claims: Claims, before: Claims) -> bool:
    """Whether the holder may be dead: a process that cannot be seen from here, and has not renewed since `before`."""
    _, claim = _blocking_claim(claims)
    if claim is None or claim.owner is not None or not claim.is_held or claim.process.is_seen_from_here():
        return False
    return claim in before.values()


def _blocking_claim(claims: Claims) -> tuple[str, Claim | None]:
    active = next((each for each in claims.items() if each[1] and each[1].is_held), None)
    return active or next(iter(claims.items()))


def _holder_text(claims: Claims) -> str:
    _, claim = _blocking_claim(claims)
    assert claim is not None
    until = _time_text(claim.expires)
    return f"{claim.process}, {claim.purpose}, which cannot be seen from here; at most until {until}"


def _held_error(folder: Folder, others: Claims) -> LeaseHeldError:
    name, claim = _blocking_claim(others)
    if claim is None:
        return LeaseHeldError(
            f"{folder.file(name)} is no claim of this program; delete it where nobody uses it"
        )
    return LeaseHeldError(
        f"{folder} is taken by {claim}; wait, or, where that surely runs no more, delete {folder.file(name)}"
    )


def _withdraw(folder: Folder, name: str) -> None:
    """Remove a claim, and then how long it was held: the other way round it would be held for its first time again."""
    for file in (name, _until(name)):
        with suppress(FileNotFoundError):
            folder.filesystem.delete_file(folder.file(file))


def _until(name: str) -> str:
    return name.removesuffix(_CLAIM) + _UNTIL


def _time_text(time_: datetime) -> str:
    return time_.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
