"""Versions are whole or not there, never change, and one of them is the current one, whoever is killed when."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest
from runs_by_hand import WORDS, finished_run
from stores import opened_bucket

from w2v_core import WordVectors
from w2v_core.cli import __main__ as main_module
from w2v_core.config import EvaluateConfig, TrainConfig, VocabConfig
from w2v_core.errors import UserError
from w2v_core.evaluation.other_vectors import OtherVectors
from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.locking.lease import LeaseHeldError, acquired
from w2v_core.nightly.work import WorkFolder
from w2v_core.pipeline.verify import verify
from w2v_core.registry import store as store_module
from w2v_core.registry.store import Model, ModelStore
from w2v_core.runs.artifacts import VOCAB_FILE
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import write_array, write_file
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vocabulary.vocabulary import Vocabulary, earlier_vocab, vocab_of

NAME = "뉴스 #1"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory) -> Iterator[Folder]:
    with opened_bucket(tmp_path_factory.mktemp("store")) as folder:
        yield folder


@pytest.fixture(params=["disk", "object store"])
def location(request, tmp_path) -> str:
    """A store that is not there yet."""
    if request.param == "disk":
        return str(tmp_path / "store")
    request.getfixturevalue("bucket")
    return f"s3://bucket/{uuid4().hex}"


@pytest.fixture
def model(location) -> Model:
    return ModelStore(location).model(NAME)


@pytest.fixture
def runs(tmp_path) -> Callable[[int], RunDir]:
    return lambda seed: finished_run(tmp_path / f"run {seed}", seed)


def seed_of(location: str) -> float:
    vectors = WordVectors.load(location)
    seeds = set(vectors.vectors[:, 0].tolist())
    assert len(seeds) == 1
    assert vectors.tokens == WORDS
    return seeds.pop()


def told(model: Model) -> list[tuple[str, bool]]:
    current = model.current()
    return [
        (version.name, current is not None and version.name == current.name) for version in model.versions()
    ]


# Publishing and reading


def test_what_is_published_is_the_run_without_its_text(model, runs):
    run = runs(1)
    with run.rewrite("reports") as stage_writer:
        stage_writer.finish(config=EvaluateConfig(), inputs={}, files=[])
    assert model.current() is None
    assert model.versions() == []
    done = model.publish(run, attachments={"verdict.json": b"{}"}, based_on=None)
    assert (done.is_new, done.is_current, done.version.name) == (True, True, "v1")
    assert model.current() == done.version
    copy = RunDir.open(done.version.location)
    for stage in ("vocab", "vectors", "reports"):
        assert copy.require(stage) == run.require(stage)
        for entry in copy.require(stage).files:
            assert copy.stage(stage).read(entry.name) == run.stage(stage).read(entry.name)
    assert [stage.problems for stage in verify(copy)] == [()] * 3
    assert copy.folder.read("verdict.json") == b"{}"
    record = done.version.record
    assert record.source.fingerprints["vectors"] == run.require("vectors").fingerprint
    assert record.source.run == run.location
    assert (record.name, record.version, record.state, record.based_on) == (NAME, "v1", "accepted", None)
    assert "vectors/input.npy" in record.files
    assert model.verify("v1") == []


def test_a_version_is_read_wherever_vectors_and_runs_are(model, runs, location, capsys, monkeypatch):
    for seed in (1, 2):
        model.publish(runs(seed))
    for reference, seed in (("@current", 2), ("@v1", 1), ("@v2", 2), ("/v1", 1)):
        place = f"{location}/{NAME}{reference}"
        assert seed_of(place) == seed
        assert seed_of(f"{place}/vectors") == seed
        assert WordVectors.read(OtherVectors.find(place).folder).vectors[0, 0] == seed
        vocabulary = Vocabulary.read(open_folder(f"{resolved(place)}/vocab"))
        assert InitialVectors(place).known(vocabulary, 4).all()
        assert f"/v{seed}/vectors/input.npy" in InitialVectors(place).identity()[0][0]
        assert earlier_vocab(place, "vocab.merge")["token"].to_pylist() == WORDS
        for command in (
            ["neighbors", "--run-dir", place, "king", "--json"],
            ["neighbors", "--vectors", place, "king", "--json"],
            ["verify", "--run-dir", place, "--json"],
        ):
            assert w2v(monkeypatch, *command) == 0
            assert json.loads(capsys.readouterr().out)


def w2v(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["w2v", *arguments])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert isinstance(ended.value.code, int | None)
    return ended.value.code or 0


def test_a_reference_that_leads_nowhere_says_what_to_do(model, runs, location):
    with pytest.raises(UserError, match="current.*; publish one"):
        WordVectors.load(f"{location}/{NAME}@current")
    model.publish(runs(1))
    with pytest.raises(UserError, match="version v2; `w2v models list`"):
        WordVectors.load(f"{location}/{NAME}@v2")
    with pytest.raises(UserError, match="version 'v2'; .*v1"):
        model.version("v2")
    with pytest.raises(UserError, match="has no version"):
        model.version("../other/v1")
    other = ModelStore(location).model("other")
    for asked in (lambda: other.version("v1"), lambda: other.promote("v1"), other.rollback):
        with pytest.raises(UserError, match=f"has no model 'other' \\(it has {NAME}\\)\\. Check --store"):
            asked()
    open_folder(f"{location}/{NAME}").write_atomically("current", b"{")
    with pytest.raises(UserError, match="current is damaged"):
        resolved(f"{location}/{NAME}@current")


def test_a_folder_that_is_really_called_so_is_taken_as_it_is(tmp_path):
    for name in ("me@current", "me@v1", "a@b", "@current"):
        run = finished_run(tmp_path / name, 7)
        assert resolved(run.location) == run.location
        assert seed_of(run.location) == 7


def test_nothing_writes_to_a_version(model, runs, location, monkeypatch, capsys):
    model.publish(runs(1))
    place = f"{location}/{NAME}"
    before = model.versions()
    pairs = f"{location}/pairs.tsv"
    open_folder(location).write_atomically("pairs.tsv", b"king\tqueen\t1\ncat\tdog\t2\n")
    for target in (f"{place}@current", f"{place}@v1", f"{place}/v1"):
        with pytest.raises(UserError), RunDir.create(target).rewrite("vectors"):
            pass
        assert w2v(monkeypatch, "evaluate", "--run-dir", target, "--similarity", pairs) == 2
        assert w2v(monkeypatch, "report", "--run-dir", target, "--set", "report.words=3") == 2
    assert "is a published version, which nothing changes" in capsys.readouterr().err
    assert model.versions() == before
    assert model.verify("v1") == []


@pytest.mark.parametrize("command", ["train", "vocab", "evaluate", "publish"])
def test_a_version_in_place_of_a_run_is_told_to_be_one(model, runs, location, monkeypatch, capsys, command):
    model.publish(runs(1))
    more = {"publish": ["--store", location, "--name", "other"], "evaluate": ["--similarity", "wordsim353"]}
    targets = [f"{location}/{NAME}@current", f"{location}/{NAME}@v1"]
    if command in ("train", "vocab"):
        targets.append(f"{location}/{NAME}/v1")
    for target in targets:
        assert w2v(monkeypatch, command, "--run-dir", target, *more.get(command, [])) == 2
        told = capsys.readouterr().err
        assert "is a published version, which nothing changes; name another run directory" in told
        assert "start one with" not in told


def test_a_model_without_its_version_is_told_how_to_name_one(model, runs, location):
    model.publish(runs(1))
    for read in (WordVectors.load, RunDir.open):
        with pytest.raises(UserError, match="published model; .*versions"):
            read(f"{location}/{NAME}")


def test_vectors_that_are_not_there_are_told_so(model, runs, location):
    model.publish(runs(1))
    for absent in (f"{location}/absent.bin", f"{location}/{NAME}@currnt"):
        with pytest.raises(UserError, match="does not exist; .*vectors"):
            WordVectors.load(absent)


@pytest.mark.parametrize("below", ["", "/below"])
def test_a_file_in_place_of_a_store_is_told_before_any_work(tmp_path, below):
    (tmp_path / "file").write_text("mine")
    for make in (ModelStore, WorkFolder):
        with pytest.raises(UserError, match="file is a file"):
            make(f"{tmp_path}/file{below}")


def test_the_same_again_is_told_and_is_no_new_version(model, runs):
    first = model.publish(runs(1))
    again = model.publish(runs(1))
    assert (again.version, again.is_new, again.is_current) == (first.version, False, True)
    model.publish(runs(2))
    again = model.publish(runs(1))
    assert (again.version, again.is_new, again.is_current) == (first.version, False, False)
    assert told(model) == [("v1", False), ("v2", True)]


def test_a_publisher_that_ended_before_the_pointer_is_gone_on_with(model, runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Model, "_point", lambda *_: exec("raise KeyboardInterrupt"))
        with pytest.raises(KeyboardInterrupt):
            model.publish(runs(1))
    assert told(model) == [("v1", False)]
    done = model.publish(runs(1))
    assert (done.is_new, done.is_current) == (False, True)


def test_what_is_rejected_or_not_to_be_promoted_stays_beside_the_current_one(model, runs):
    model.publish(runs(1))
    rejected = model.publish(runs(2), state="rejected", based_on="v1")
    assert (rejected.version.record.state, rejected.version.record.based_on) == ("rejected", "v1")
    assert not model.publish(runs(3), promote=False).is_current
    assert told(model) == [("v1", True), ("v2", False), ("v3", False)]
    assert model.publish(runs(2)).version.name == "v4"  # the same vectors, accepted after all


def test_a_damaged_or_unfinished_run_is_not_published(model, runs):
    model.publish(runs(1))
    run = runs(2)
    path = Path(run.stage("vectors").file("input.npy"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for align_to in (None, model.current()):
        with pytest.raises(UserError, match=r"vectors/input.npy is damaged: .*nothing was published"):
            model.publish(run, align_to=align_to)
    run.remove("vectors")
    with pytest.raises(UserError, match="no finished vectors"):
        model.publish(run)
    assert told(model) == [("v1", True)]
    assert model.folder.folders() == sorted({"v1"} | ({"lease"} & set(model.folder.folders())))


# Promote, roll back, prune


def test_rollbacks_go_back_through_what_was_current(model, runs, location):
    for seed in (1, 2, 3):
        model.publish(runs(seed))
    assert model.rollback().name == "v2"
    assert seed_of(f"{location}/{NAME}@current") == 2
    assert model.publish(runs(3)).is_current is False  # a rollback is not undone by the next run of a script
    model.publish(runs(4))
    assert model.rollback().name == "v2"
    assert model.promote("v3").name == "v3"
    assert model.promote("v3").name == "v3"
    assert model.rollback().name == "v2"
    assert model.rollback().name == "v1"
    with pytest.raises(UserError, match="no earlier current version"):
        model.rollback()
    assert told(model) == [("v1", True), ("v2", False), ("v3", False), ("v4", False)]


def test_pruning_keeps_the_newest_the_current_and_the_one_before(model, runs, location):
    for seed in range(1, 7):
        model.publish(runs(seed), promote=seed in (1, 2))
    before = WordVectors.load(f"{location}/{NAME}@v3")
    assert [version.name for version in model.prune(1)] == ["v3", "v4", "v5"]
    assert told(model) == [("v1", False), ("v2", True), ("v6", False)]
    assert before.vectors[0, 0] == 3  # whoever reads it goes on
    assert model.rollback().name == "v1"
    with pytest.raises(UserError, match="keep = 0: .*1"):
        model.prune(0)
    assert model.publish(runs(7)).version.name == "v7"
    assert model.prune(10) == []


def test_a_rollback_passes_over_what_was_pruned(model, runs):
    for seed in (1, 2, 3):
        model.publish(runs(seed))
    model.folder.filesystem.delete_file(model.folder.file("v2/version.json"))
    assert model.rollback().name == "v1"


# Alignment


def test_aligned_vectors_keep_their_products_and_lie_along_the_current_ones(model, tmp_path, location):
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(200)]
    first = finished_run(tmp_path / "first", 1, words, size=8)
    model.publish(first)
    second = finished_run(tmp_path / "second", 2, words, size=8)
    turn_DD, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    tables = [np.load(first.stage("vectors").file(f"{name}.npy")) for name in ("input", "output")]
    noisy = [rows_VD + 0.01 * rng.normal(size=rows_VD.shape) for rows_VD in tables]
    with second.rewrite("vectors") as stage_writer:
        files = [
            write_array(stage_writer, f"{name}.npy", (rows_VD @ turn_DD).astype(np.float32))
            for name, rows_VD in zip(("input", "output"), noisy, strict=True)
        ]
        files.append(
            write_file(stage_writer, VOCAB_FILE, vocab_of(pa.array(words), np.full(200, 3), VocabConfig()))
        )
        stage_writer.finish(config=TrainConfig(vector_size=8), inputs={}, files=files)
    done = model.publish(second, align_to=model.current())
    assert done.version.record.aligned_to == {"version": "v1", "words": 200}
    copy = RunDir.open(done.version.location)
    assert [stage.problems for stage in verify(copy)] == [()] * 2
    assert model.verify("v2") == []
    manifest = copy.require("vectors")
    assert manifest.inputs["aligned_to"] == {"version": "v1", "words": 200}
    assert manifest.fingerprint != second.require("vectors").fingerprint
    published = [load(copy, name) for name in ("input.npy", "output.npy")]
    trained = [load(second, name) for name in ("input.npy", "output.npy")]
    np.testing.assert_allclose(published[0] @ published[1].T, trained[0] @ trained[1].T, rtol=1e-4, atol=1e-4)
    assert np.abs(published[0] - tables[0]).max() < 0.1
    assert np.abs(published[1] - tables[1]).max() < 0.1
    assert np.abs(trained[0] - tables[0]).max() > 1
    assert not model.publish(second, align_to=model.current()).is_new


def load(run: RunDir, name: str) -> np.ndarray:
    data = run.stage("vectors").read(name)
    assert data is not None
    return np.frombuffer(data[128:], np.float32).reshape(200, 8)


def test_vectors_of_another_size_are_not_aligned(model, tmp_path, runs):
    model.publish(runs(1))
    with pytest.raises(UserError, match="5 .*4 dimensions"):
        model.publish(finished_run(tmp_path / "other", 2, size=5), align_to=model.current())
    assert told(model) == [("v1", True)]


# Damage and names


def test_a_flipped_bit_a_missing_and_a_strange_file_are_named(model, runs):
    model.publish(runs(1))
    folder = model.folder / "v1"
    data = bytearray((folder / "vectors").read("output.npy") or b"")
    data[-3] ^= 4
    (folder / "vectors").write_atomically("output.npy", bytes(data))
    folder.filesystem.delete_file(folder.file("vocab/vocab.arrow"))
    (folder / "vectors").write_atomically("more.npy", b"x")
    wrong = model.verify("v1")
    assert [
        problem.partition(" ")[0].rpartition("/")[2] for problem in (p.replace(NAME, "n") for p in wrong)
    ] == [
        "vocab.arrow",
        "output.npy",
        "more.npy",
    ]
    assert "is missing" in wrong[0]
    assert "is damaged: its SHA-256 is" in wrong[1]
    assert "is no file of this version" in wrong[2]


NO_NAMES = [
    " ",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/",
    "a@b",
    "news@current",
    ".x",
    "_x",
    " a",
    "a?b",
    "a%b",
    "",
]


@pytest.mark.parametrize("name", [*NO_NAMES, "a\nb", "a\0b", "a\u202eb", "\ud800", "a" * 201, "가" * 67])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(UserError, match="name of a model") as refused:
        ModelStore(str(tmp_path)).model(name)
    assert r'without any of / \ @ % ? * : " < > |' in str(refused.value)


@pytest.mark.parametrize("name", ["news", "뉴스", "Новости 2026-11", "日本語", "a.b_c+d", "v1", "가" * 66])
def test_names_of_any_script_are_taken(tmp_path, name, runs):
    ModelStore(str(tmp_path / "s")).model(name).publish(runs(1))
    assert seed_of(f"{tmp_path}/s/{name}@current") == 1
    assert [model.name for model in ModelStore(str(tmp_path / "s")).models()] == [name]


@pytest.mark.parametrize("name", ["../x", "run.json", "version.json", "vectors", "a/b", ""])
def test_attachments_stay_within_their_version(tmp_path, name, runs):
    with pytest.raises(UserError, match="name of an attachment"):
        ModelStore(str(tmp_path / "s")).model("news").publish(runs(1), attachments={name: b"x"})


# Many at once, and the killed

PUBLISHES = """
import sys
from w2v_core.locking.lease import LeaseHeldError
from w2v_core.registry import store
from w2v_core.runs.run_directory import RunDir
store.WAIT_SECONDS = float(sys.argv[1])
model = store.ModelStore(sys.argv[2]).model(sys.argv[3])
for location in sys.argv[4:]:
    try:
        done = model.publish(RunDir.open(location))
        print(done.version.name, done.version.record.source.run, flush=True)
    except LeaseHeldError:
        print("taken", location, flush=True)
"""


READY = """
import sys
from w2v_core.registry import store
print(flush=True)
sys.stdin.readline()
"""


def publisher(location: str, *runs: RunDir, wait: float = 60) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUBLISHES, str(wait), location, NAME, *(run.location for run in runs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_whoever_reads_while_versions_come_reads_one_of_them(model, runs, location):
    num_versions = 8 if location.startswith("s3:") else 20
    model.publish(runs(1))
    seen = []
    with publisher(location, *(runs(seed) for seed in range(2, num_versions + 2))) as process:
        while process.poll() is None:
            seen.append(seed_of(f"{location}/{NAME}@current"))
    assert process.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert seed_of(f"{location}/{NAME}@current") == num_versions + 1


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0, 60])
def test_of_many_publishers_each_has_a_version_of_its_own_or_is_told_to_wait(model, runs, location, wait):
    """Those that wait all come; those that do not are told who is publishing."""
    processes = [publisher(location, runs(seed), wait=wait) for seed in range(1, 7)]
    lines = [process.communicate()[0].split(maxsplit=1) for process in processes]
    assert [process.returncode for process in processes] == [0] * 6
    published = {name: run.strip() for name, run in lines if name != "taken"}
    assert len(published) == len([name for name, _ in lines if name != "taken"]) >= (6 if wait else 1)
    assert {version.name: version.record.source.run for version in model.versions()} == published
    current = model.current()
    assert current is not None
    assert current.name == max(published)
    for version in model.versions():
        assert model.verify(version.name) == []
        assert f"run {seed_of(version.location):.0f}" in version.record.source.run


def halves(location: str) -> list[Path]:
    return [path for path in Path(location).glob("*/v*") if not (path / "version.json").exists()]


@pytest.mark.slow
def test_publishers_that_are_killed_leave_no_half_version_and_the_next_goes_on(runs, tmp_path):
    location = str(tmp_path / "store")
    model = ModelStore(location).model(NAME)
    num_half = num_complete = 0
    for seed in range(1, 16):
        command = [sys.executable, "-c", READY + PUBLISHES, "60", location, NAME, runs(seed).location]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.readline()
            for half in halves(location):
                half.rename(tmp_path / f"half of {seed}")  # so that what is there now, this one left
            process.stdin.write(b"\n")
            process.stdin.flush()
            # The first before it writes, the others soon after they have begun to, however busy the machine.
            while seed > 1 and process.poll() is None and not halves(location):
                time.sleep(0.0002)
            time.sleep(seed % 5 * 0.002)
            process.send_signal(signal.SIGKILL)
        num_half += bool(halves(location))
        num_complete += len(model.versions()) > num_complete
        for version in model.versions():
            assert model.verify(version.name) == []
        if model.current() is not None:
            seed_of(f"{location}/{NAME}@current")
    assert num_half > 0
    done = model.publish(runs(99))
    assert done.is_current
    numbers = [version.number for version in model.versions()]
    assert numbers == list(range(1, num_complete + 2))
    assert {path.name for path in Path(location, NAME).glob("v*")} == {v.name for v in model.versions()}


def test_what_a_killed_publisher_left_is_no_version_and_no_part_of_the_next(model, runs):
    for half in ("v1", "v7"):
        (model.folder / half).create()
        (model.folder / half).write_atomically("verdict.json", b"{")
    assert model.versions() == []
    assert model.publish(runs(1)).version.name == "v1"
    assert model.verify("v1") == []
    assert [name for name in model.folder.folders() if name.startswith("v")] == ["v1"]


@pytest.mark.parametrize("step", range(0, 24, 3))
def test_a_publisher_that_dies_at_any_write_leaves_no_half_version(model, runs, monkeypatch, step):
    """As SIGKILL would: nothing that the publisher does to clean up is done either."""
    model.publish(runs(1))
    code = f"""
import os, sys
from w2v_core.io.filesystem import Folder
from w2v_core.registry import copy
left = {step}
def count(function):
    def counted(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*arguments, **options)
    return counted
Folder.write_atomically = count(Folder.write_atomically)
copy.Sink.write = count(copy.Sink.write)
{PUBLISHES}"""
    arguments = ["60", str(model.location.rpartition("/")[0]), NAME, runs(2).location]
    process = subprocess.run([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, check=False)
    assert process.returncode in (0, 9)
    names = [version.name for version in model.versions()]
    assert names in (["v1"], ["v1", "v2"])
    assert all(model.verify(name) == [] for name in names)
    assert seed_of(f"{model.location}@current") in (1, 2)
    done = model.publish(runs(2))
    assert (done.version.name, done.is_current, done.is_new) == ("v2", True, names == ["v1"])
    assert model.verify("v2") == []


def test_who_changes_a_model_while_another_does_is_told_who(model, runs, monkeypatch):
    monkeypatch.setattr(store_module, "WAIT_SECONDS", 0.0)
    model.publish(runs(1))
    with acquired(model.folder / "lease", "publishing elsewhere", 60):
        for change in (
            lambda: model.publish(runs(2)),
            lambda: model.promote("v1"),
            lambda: model.rollback(),
            lambda: model.prune(1),
        ):
            with pytest.raises(LeaseHeldError, match=f"process {os.getpid()} on .*, publishing elsewhere"):
                change()


def test_a_model_is_no_store(model, runs, location):
    ModelStore(location)
    model.publish(runs(1), promote=False)
    with pytest.raises(UserError, match="expected a store, got a model"):
        ModelStore(f"{location}/{NAME}")
    assert ModelStore(location).model("v1").publish(runs(2)).is_new  # its versions stand a level below
    ModelStore(location)


# Commands


def test_the_commands_publish_list_promote_roll_back_prune_and_verify(runs, tmp_path, monkeypatch, capsys):
    of_store = ("--store", str(tmp_path / "store"))
    of_model = (*of_store, "--name", NAME)

    def asked(*arguments: str, code: int = 0):
        assert w2v(monkeypatch, *arguments) == code
        out, err = capsys.readouterr()
        return (json.loads(out) if out else None), err

    assert "store does not exist; check --store" in asked("models", "list", *of_store, code=2)[1]
    (tmp_path / "store").mkdir()
    assert "has no version yet; see `w2v publish`" in asked("models", "list", *of_store, code=2)[1]
    done, err = asked("publish", "--run-dir", runs(1).location, *of_model, "--json")
    assert (done["version"], done["is_new"], done["is_current"]) == ("v1", True, True)
    assert "published as v1; it is the current version" in err
    assert done["location"] == str(tmp_path / "store" / NAME / "v1")
    done, err = asked("publish", "--run-dir", runs(1).location, *of_model, "--json")
    assert not done["is_new"]
    assert "already published as v1" in err
    _, err = asked("publish", "--run-dir", runs(2).location, *of_model, "--no-promote", "--align")
    assert "published as v2, aligned to v1; `w2v models promote`" in err
    listed, _ = asked("models", "list", *of_store, "--json")
    assert [(each["version"], each["is_current"]) for each in listed] == [("v1", True), ("v2", False)]
    assert all("files" not in each and each["bytes"] > 1000 for each in listed)
    lines = asked("models", "list", *of_model)[1].splitlines()
    assert len(lines) == 3
    told = asked("models", "list", *of_model, "--log-format", "json")[1].splitlines()
    assert [(each["event"], each["version"]) for each in map(json.loads, told)] == [
        ("version", "v1"),
        ("version", "v2"),
    ]
    assert lines[1].split()[:4] == ["뉴스", "#1", "v1", "current"]
    assert asked("models", "promote", "v2", *of_model, "--json")[0]["version"] == "v2"
    shown, _ = asked("models", "show", *of_model, "--json")
    assert shown["version"] == "v2"
    assert shown["aligned_to"]["version"] == "v1"
    assert len(shown["files"]["vectors/input.npy"]["sha256"]) == 64
    told = asked("models", "show", "v1", *of_model)[1].splitlines()
    assert "SHA-256" in told[-1]
    assert {"based on: none", "aligned to: none", "is current: no"} <= set(told)
    assert not any(mark in line for line in told for mark in "{}'[]")
    (line,) = (line for line in told if line.startswith("source: "))
    assert line.startswith(f"source: run {runs(1).location}; fingerprints vocab ")
    assert "; content input.npy " in line
    assert "v1 is the current version" in asked("models", "rollback", *of_model)[1]
    assert asked("models", "prune", *of_model, "--keep", "1", "--json")[0] == {
        "removed": [],
        "kept": ["v1", "v2"],
    }
    assert "v1: whole; files" in asked("models", "verify", *of_model)[1]
    path = tmp_path / "store" / NAME / "v1" / "vectors" / "output.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    answer, err = asked("models", "verify", "v1", *of_model, "--json", code=2)
    assert "output.npy is damaged" in answer["problems"][0]
    assert err.count("\n") == 2
    assert "has no version 'v9'" in asked("models", "promote", "v9", *of_model, code=2)[1]
    assert "name of a model" in asked("models", "show", *of_store, "--name", "../x", code=2)[1]
