"""Nobody holds a lease beside another, on a disk and on an object store; who is dead or late holds none."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from stores import opened_bucket

from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.locking import lease as lease_module
from w2v_core.locking.lease import Claim, LeaseHeldError, LeaseLostError, acquire, acquired
from w2v_core.locking.process_identity import Process


@pytest.fixture(scope="module")
def bucket(tmp_path_factory) -> Iterator[Folder]:
    with opened_bucket(tmp_path_factory.mktemp("store")) as folder:
        yield folder


@pytest.fixture(params=["disk", "object store"])
def location(request, tmp_path) -> str:
    """A place that is not there yet, on a disk and on an object store."""
    if request.param == "disk":
        return str(tmp_path / "빌림 #1")
    request.getfixturevalue("bucket")
    return f"s3://bucket/{uuid4().hex}/빌림 #1"


@pytest.fixture
def folder(location) -> Folder:
    return open_folder(location)


def test_a_lease_is_held_by_one_and_then_by_the_next(folder):
    with (
        acquired(folder, "publishing v4", 60),
        pytest.raises(LeaseHeldError) as told,
        acquired(folder, "pruning", 60),
    ):
        pass
    (name,) = [word for word in str(told.value).split() if word.endswith(".json")]
    assert f"process {os.getpid()} on " in str(told.value)
    assert "publishing v4, since 2" in str(told.value)
    assert f"delete {folder.path}" in str(told.value)
    with acquired(folder, "pruning", 60):
        assert name not in folder.sizes()
    assert not folder.sizes()


# Adds 1 to a number in a file, so slowly that two at once would lose one, and finds out whether it was alone.
COUNTS = """
import sys, time
from pathlib import Path
from w2v_core.locking.lease import acquired, LeaseHeldError
from w2v_core.io.filesystem import open_folder
folder, counter, rounds = open_folder(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for _ in range(rounds):
    with acquired(folder, "counting", 60, wait=300):
        inside = counter.with_suffix(".inside")
        inside.touch(exist_ok=False)
        number = int(counter.read_text())
        time.sleep(0.002)
        counter.write_text(str(number + 1))
        inside.unlink()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rounds"), [("disk", 25), ("object store", 3)])
def test_of_eight_processes_that_race_never_two_are_in(kind, rounds, request, tmp_path):
    location = str(tmp_path / "lease")
    if kind == "object store":
        request.getfixturevalue("bucket")
        location = "s3://bucket/race/lease"
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNTS, location, str(counter), str(rounds)]
    racers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(8)]
    told = [racer.communicate()[1].decode() for racer in racers]
    assert told == [""] * 8
    assert int(counter.read_text()) == 8 * rounds
    assert not open_folder(location).sizes()


def test_of_two_whose_claims_both_stand_before_either_looks_none_holds_until_one_steps_back(
    folder, monkeypatch
):
    """The one moment in which claimants see each other: forced here, where a race may not meet it."""
    looked = lease_module._live_claims
    rival = Claim(
        owner="rival",
        process=Process.this(),
        purpose="publishing",
        since=datetime.now(UTC),
        expires=datetime.now(UTC) + timedelta(minutes=1),
    )
    rounds = 0

    def look(folder):
        nonlocal rounds
        rounds += 1
        if rounds == 2:  # between our claim and our look
            folder.write_atomically("rival.json", rival.model_dump_json().encode())
        if rounds == 4:
            folder.filesystem.delete_file(folder.file("rival.json"))
        return looked(folder)

    monkeypatch.setattr(lease_module, "_live_claims", look)
    with acquired(folder, "publishing", 60):
        assert rounds > 4
        assert len([name for name in folder.sizes() if name.endswith(".json")]) == 1


def test_claimants_that_go_on_meeting_give_up_at_last(folder, monkeypatch):
    monkeypatch.setattr(lease_module, "CONTEST_SECONDS", 0.2)
    rival = Claim(
        owner="rival",
        process=Process.this(),
        purpose="dithering",
        since=datetime.now(UTC),
        expires=datetime.now(UTC) + timedelta(minutes=1),
    )
    folder.create()
    folder.write_atomically("rival.json", rival.model_dump_json().encode())
    with pytest.raises(LeaseHeldError, match=r"rival .*process .*dithering"):
        acquire(folder, "publishing", 60)


def test_a_claim_past_its_time_counts_for_nothing_and_is_removed(folder):
    late = acquire(folder, "sleeping", 2.0, owner="a night")
    with pytest.raises(LeaseHeldError, match="a night"):
        acquire(folder, "waking", 60)
    time.sleep(2.0)
    with acquired(folder, "waking", 60) as now:
        assert late.name not in folder.sizes()
        with pytest.raises(LeaseLostError, match="lost .*start again"):
            late.renew()
        now.renew()
    assert not folder.sizes()


def test_a_renewed_lease_outlives_its_first_time(folder):
    with acquired(folder, "training", 3.0) as lease:
        for _ in range(4):
            time.sleep(0.9)
            lease.renew()
        with pytest.raises(LeaseHeldError):
            acquire(folder, "training", 60)


def test_a_lease_that_nobody_took_but_whose_time_was_over_is_lost_too(folder):
    with acquired(folder, "training", 2.0) as lease:
        time.sleep(2.0)
        with pytest.raises(LeaseLostError, match="its time was over at 2"):
            lease.renew()


def test_a_renewal_that_is_written_too_late_is_none(folder, monkeypatch):
    """Somebody may have read the old time when it was over, and remove the claim just after it is written."""
    write = Folder.write_atomically
    with acquired(folder, "training", 2.0) as lease:
        monkeypatch.setattr(Folder, "write_atomically", lambda *args: (time.sleep(2.0), write(*args)))
        with pytest.raises(LeaseLostError):
            lease.renew()
    assert not folder.sizes()


def test_letting_go_leaves_the_claims_of_others(folder):
    with acquired(folder, "training", 60):
        other = Claim(
            owner=None,
            process=Process.this(),
            purpose="publishing",
            since=datetime.now(UTC),
            expires=datetime.now(UTC) + timedelta(minutes=1),
        )
        folder.write_atomically("other.json", other.model_dump_json().encode())
    assert set(folder.sizes()) == {"other.json"}


def test_the_time_of_another_machines_claim_is_over_a_minute_later(folder):
    now = datetime.now(UTC)
    elsewhere = Process(host="elsewhere", pid=1, boot="another", namespace="pid:[1]", started=1)
    claim = Claim(owner=None, process=elsewhere, purpose="x", since=now, expires=now)
    assert not elsewhere.is_surely_dead()
    assert not claim.is_void(now + timedelta(seconds=59))
    assert claim.is_void(now + timedelta(seconds=60))
    here = claim.model_copy(update={"process": Process.this()})
    assert here.is_void(now)
    assert not here.is_void(now - timedelta(seconds=1))


HOLDS = """
import sys, time
from w2v_core.locking.lease import acquire
from w2v_core.io.filesystem import open_folder
acquire(open_folder(sys.argv[1]), "training", 3600)
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("is_reaped", [True, False])
def test_who_was_killed_stands_in_nobodys_way(location, folder, is_reaped):
    with subprocess.Popen([sys.executable, "-c", HOLDS, location], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LeaseHeldError, match=f"process {holder.pid} on"):
            acquire(folder, "training", 60)
        holder.send_signal(signal.SIGKILL)
        if is_reaped:
            holder.wait()
        else:
            os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        acquire(folder, "training", 60).release()


def test_a_number_that_was_given_again_is_another_process():
    this = Process.this()
    assert not this.is_surely_dead()
    assert this.started is not None
    assert this.model_copy(update={"started": this.started - 1}).is_surely_dead()
    for update in ({"started": None}, {"boot": None}, {"namespace": None}):
        assert not this.model_copy(update=update).is_surely_dead()
    for update in ({"host": "x"}, {"boot": "x"}, {"namespace": "x"}):
        assert not this.model_copy(update={"pid": 2**22 + 1, **update}).is_surely_dead()
    assert this.model_copy(update={"pid": 2**22 + 1}).is_surely_dead()


def test_a_named_owner_takes_its_lease_again_and_lets_it_go_from_anywhere(folder):
    first = acquire(folder, "night", 60, owner="2026-11-27")
    again = acquire(folder, "night", 3600, owner="2026-11-27")
    assert again.name == first.name
    assert again.claim.expires > first.claim.expires
    with pytest.raises(LeaseHeldError, match="2026-11-27"):
        acquire(folder, "night", 60, owner="2026-11-28")
    with pytest.raises(LeaseHeldError, match="2026-11-27"):
        acquire(folder, "night", 60)
    acquire(folder, "night", 60, owner="2026-11-27").release()
    acquire(folder, "night", 60, owner="2026-11-28").release()
    assert not folder.sizes()


def test_a_named_owners_lease_outlives_the_process(location, folder):
    code = HOLDS.replace("3600)", "3600, owner='a night')").replace("time.sleep(600)", "")
    subprocess.run([sys.executable, "-c", code, location], check=True, stdout=subprocess.DEVNULL)
    with pytest.raises(LeaseHeldError, match="taken by a night"):
        acquire(folder, "training", 60)
    acquire(folder, "training", 60, owner="a night").release()
    assert not folder.sizes()


def test_whose_claim_was_deleted_is_told_so(folder):
    with acquired(folder, "training", 60) as lease:
        folder.filesystem.delete_file(folder.file(lease.name))
        with pytest.raises(LeaseLostError, match="its claim was deleted"):
            lease.renew()
        with acquired(folder, "publishing", 60) as other:
            with pytest.raises(LeaseLostError):
                lease.renew()
            other.renew()


def test_a_file_that_is_no_claim_is_told_with_the_way_out(folder):
    folder.create()
    folder.write_atomically("x.json", b"{}")
    with pytest.raises(LeaseHeldError, match=r"x.json .*claim.*delete"):
        acquire(folder, "training", 60)
    assert set(folder.sizes()) == {"x.json"}


def test_a_failure_within_and_a_failure_to_claim_leave_no_claim(folder, monkeypatch):
    with pytest.raises(RuntimeError), acquired(folder, "training", 60):
        raise RuntimeError
    assert not folder.sizes()
    looked = lease_module._live_claims
    outcomes = iter([False, True])

    def look(folder):
        if next(outcomes):
            raise KeyboardInterrupt
        return looked(folder)

    monkeypatch.setattr(lease_module, "_live_claims", look)
    with pytest.raises(KeyboardInterrupt):
        acquire(folder, "training", 60)
    assert not folder.sizes()
