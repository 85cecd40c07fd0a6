"""One command at a time writes into a run directory; a kept lease outlives its first time, and not its process."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from w2v_core.cli import commands
from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.locking import heartbeat
from w2v_core.locking import lease as lease_module
from w2v_core.locking.heartbeat import hold_lease
from w2v_core.locking.lease import Claim, LeaseHeldError, LeaseLostError, acquire
from w2v_core.locking.process_identity import Process
from w2v_core.pipeline.one_writer import writing
from w2v_core.runs.run_directory import RunDir

ELSEWHERE = Process(host="elsewhere", pid=1, boot="another", namespace="pid:[1]", started=1)


@pytest.fixture
def folder(tmp_path) -> Folder:
    return open_folder(str(tmp_path / "lease"))


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(heartbeat, "LIFETIME_SECONDS", 2.0)
    monkeypatch.setattr(heartbeat, "RENEWAL_SECONDS", 0.1)
    monkeypatch.setattr(heartbeat, "CLOCKS_DIFFER", timedelta(0))
    monkeypatch.setattr(lease_module, "CLOCKS_DIFFER", timedelta(0))


def claim_of(process: Process, seconds: float) -> Claim:
    now = datetime.now(UTC)
    return Claim(
        owner=None, process=process, purpose="w2v run", since=now, expires=now + timedelta(seconds=seconds)
    )


def write(folder: Folder, claim: Claim) -> None:
    """A claim that is held."""
    folder.create()
    folder.write_atomically("theirs.json", claim.model_dump_json().encode())
    folder.write_atomically("theirs.until", claim.expires.isoformat().encode())


COMMANDS = {
    "tokenize": ("--input", "{text}"),
    "phrases": ("--set", "phrases.passes=1"),
    "vocab": (),
    "shards": (),
    "train": (),
    "evaluate": ("--similarity", "{pairs}"),
    "report": (),
    "run": ("--input", "{text}"),
    "demo": ("--corpus-only",),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "text.txt").write_text("a b c\n")
    (folder / "pairs.tsv").write_text("a b 1\n")
    return {"text": str(folder / "text.txt"), "pairs": str(folder / "pairs.tsv")}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_command_is_refused_and_names_the_first(command, w2v, tmp_path, files):
    run = RunDir.create(str(tmp_path / "run"))
    options = [option.format_map(files) for option in COMMANDS[command]]
    with writing(run, "w2v run"):
        code, out, told = w2v(command, "--run-dir", run.location, *options)
        assert (code, out) == (4, "")
        assert told.startswith(f"error: {run.lease.path} is taken by process {os.getpid()} on ")
        assert ", w2v run, since 2" in told
        assert {path.name for path in Path(run.folder.path).iterdir()} == {"run.json", "lease"}


def test_every_command_that_writes_in_a_run_directory_is_among_these():
    """Those that have a run directory and are not here only read it."""
    reads = {"embed", "export", "verify", "publish", "track", "neighbors", "analogy", "plan"}
    modules = Path(commands.__file__).parent.glob("*.py")
    writers = {path.stem for path in modules if "writing(RunDir." in path.read_text(encoding="utf-8")}
    assert len(writers) == len(COMMANDS)
    from w2v_core.cli.app import app

    taking = {
        command.callback.__name__
        for command in app.registered_commands
        if "run_dir" in command.callback.__wrapped__.__annotations__
    }
    assert taking == reads | COMMANDS.keys()


def test_the_next_command_finds_it_free(w2v, make_run, corpus):
    run = make_run(corpus)
    for _ in range(2):
        code, _, told = w2v("report", "--run-dir", run.location)
        assert code == 0, told


def test_a_killed_command_holds_up_nobody(tmp_path):
    run = RunDir.create(str(tmp_path / "run"))
    code = (
        "import sys, time\nfrom w2v_core.pipeline.one_writer import writing\n"
        "from w2v_core.runs.run_directory import RunDir\n"
        "with writing(RunDir.open(sys.argv[1]), 'w2v train'):\n    print('in', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, run.location], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(LeaseHeldError, match=f"process {process.pid} on .*, w2v train, since"):
            acquire(run.lease, "w2v train", 60)
        process.kill()
    with writing(run, "w2v train"):
        pass


def test_what_nothing_can_change_needs_no_lease(tmp_path, monkeypatch):
    run = RunDir.create(str(tmp_path / "run"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with writing(run, "w2v report"):
        assert not run.lease.sizes()
    monkeypatch.undo()
    run.folder.write_atomically("version.json", b"{}")
    with writing(run, "w2v report"):
        assert not run.lease.sizes()


def test_it_is_renewed_while_the_block_lasts_and_free_afterwards(folder, short):
    before = threading.active_count()
    with hold_lease(folder, "training") as lease:
        first = lease.claim.expires
        time.sleep(2.2)
        assert lease.claim.expires > first
        with pytest.raises(LeaseHeldError):
            acquire(folder, "training", 60)
    assert not folder.sizes()
    assert threading.active_count() == before


def test_who_slept_goes_on_where_nobody_has_come(folder, short):
    with hold_lease(folder, "training") as lease:
        first = lease.name
        lease.claim = lease.claim.model_copy(update={"expires": datetime.now(UTC) - timedelta(hours=1)})
        folder.write_atomically(
            lease.name.replace(".json", ".until"), lease.claim.expires.isoformat().encode()
        )
        until(lambda: lease.name != first)
        with pytest.raises(LeaseHeldError):
            acquire(folder, "training", 60)
    assert not folder.sizes()


def test_who_slept_and_finds_another_there_is_interrupted(folder, short):
    def train() -> None:
        with hold_lease(folder, "training") as lease:
            write(folder, claim_of(ELSEWHERE, 60))
            folder.filesystem.delete_file(folder.file(lease.name))
            time.sleep(10)

    with pytest.raises(LeaseLostError, match="its claim was deleted"):
        train()
    assert set(folder.sizes()) == {"theirs.json", "theirs.until"}


def test_an_interrupt_of_the_user_stays_one(folder, short):
    def train() -> None:
        with hold_lease(folder, "training"):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        train()
    assert not folder.sizes()


def test_a_store_that_is_away_for_a_moment_does_not_end_it(folder, short, monkeypatch):
    write_atomically, failed = Folder.write_atomically, threading.Event()

    def write_once_failing(self, name, data):
        if not failed.is_set():
            failed.set()
            raise OSError("No space left on device")
        write_atomically(self, name, data)

    with hold_lease(folder, "training") as lease:
        monkeypatch.setattr(Folder, "write_atomically", write_once_failing)
        until(failed.is_set)
        expires = lease.claim.expires
        until(lambda: lease.claim.expires > expires)


def test_who_may_be_dead_is_waited_for_until_its_time_is_over(folder, short):
    write(folder, claim_of(ELSEWHERE, 0.5))
    told: list[str] = []
    begin = time.monotonic()
    with hold_lease(folder, "training", told.append):
        assert time.monotonic() - begin >= 0.4
    assert len(told) == 1
    assert told[0].startswith(
        "process 1 on elsewhere, w2v run, which cannot be seen from here; at most until 2"
    )


def test_who_gives_a_sign_of_life_is_not_waited_for(folder):
    """Its time is an hour, and ours is not."""
    write(folder, claim_of(ELSEWHERE, 3600))
    renewals = threading.Timer(0.3, lambda: write(folder, claim_of(ELSEWHERE, 3601)))
    renewals.start()
    with pytest.raises(LeaseHeldError, match="taken by process 1 on elsewhere"):
        acquire(folder, "training", 60, wait_for_sign=60)
    renewals.join()


def test_a_silent_one_with_much_time_left_is_not_waited_for_for_ever(folder):
    write(folder, claim_of(ELSEWHERE, 3600))
    with pytest.raises(LeaseHeldError, match="elsewhere"):
        acquire(folder, "training", 60, wait_for_sign=0.2)


@pytest.mark.parametrize("update", [{"owner": "a night"}, {"process": Process.this()}])
def test_one_that_is_seen_or_named_is_not_waited_for(folder, update):
    write(folder, claim_of(ELSEWHERE, 3600).model_copy(update=update))
    begin = time.monotonic()
    with pytest.raises(LeaseHeldError):
        acquire(folder, "training", 60, wait_for_sign=60)
    assert time.monotonic() - begin < 30


def test_containers_of_one_machine_have_one_clock():
    other = Process.this().model_copy(update={"host": "container", "namespace": "pid:[2]"})
    assert other.has_this_clock()
    assert not other.is_seen_from_here()
    assert not ELSEWHERE.has_this_clock()


def until(condition) -> None:
    give_up_at = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
