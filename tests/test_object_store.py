"""Runs on an object store: a server of S3's protocol (moto) in a process of its own, over HTTP on this machine."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import fs
from small_settings import small_config
from stores import KEY, SECRET, opened_bucket, serving, variables

from w2v_core import WordVectors
from w2v_core.cli import __main__ as main_module
from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.io.parquet import read_table
from w2v_core.pipeline.run import run_pipeline
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.verify import _damage
from w2v_core.readers.splits import find_files
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.sentence_files import sentence_writer
from w2v_core.runs.task_output import TaskResult, commit_parts, write_array, write_bytes
from w2v_core.schemas import RARE, VOCAB
from w2v_core.schemas import tokens as tokens_schema
from w2v_core.training.checkpoint import Checkpoint, Checkpoints
from w2v_core.training.engine.tables import Tables
from w2v_core.vectors.formats.formats import FORMATS, export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vocabulary.vocabulary import Vocabulary

WHERE = "s3://bucket/실행 #1"
SETTINGS = (
    "vocab.min_count=2",
    "vocab.sample=0.05",
    "vocab.accumulate=true",
    "shards.window=2",
    "shards.target_rows=1000",
    "train.epochs=2",
    "train.vector_size=8",
    "train.workers=1",
)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory) -> Iterator[Folder]:
    """An empty bucket, and an environment that opens it."""
    with opened_bucket(tmp_path_factory.mktemp("store")) as folder:
        yield folder


def put(bucket: Folder, name: str, data: bytes) -> str:
    """`data` as an object, and its URI."""
    with bucket.filesystem.open_output_stream(bucket.file(name)) as stream:
        stream.write(data)
    return f"s3://bucket/{name}"


def objects(folder: Folder) -> dict[str, bytes]:
    """Every object below the folder."""
    selector = fs.FileSelector(folder.path, recursive=True, allow_not_found=True)
    found = folder.filesystem.get_file_info(selector)
    files = [info.path for info in found if info.is_file]
    return {path.removeprefix(folder.path): read(folder, path) for path in files}


def read(folder: Folder, path: str) -> bytes:
    with folder.filesystem.open_input_stream(path, compression=None) as stream:
        return stream.read()


def w2v(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with executors of its own."""
    return subprocess.run(
        [sys.executable, "-m", "w2v_core.cli", *arguments],
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def settings(*more: str) -> list[str]:
    return [word for setting in (*SETTINGS, *more) for word in ("--set", setting)]


class Stored(NamedTuple):
    """A run whose input, word lists and directory are all on the store, and the same run on a disk."""

    command: list[str]
    done: subprocess.CompletedProcess[str]
    on_disk: RunDir

    @property
    def run(self) -> RunDir:
        return RunDir.open(WHERE)


@pytest.fixture(scope="module")
def stored(bucket, corpus, executor, tmp_path_factory) -> Stored:
    for path in corpus.rglob("*.txt"):
        put(bucket, f"말뭉치 text/{path.relative_to(corpus)}", path.read_bytes())
    local = tmp_path_factory.mktemp("local")
    words = {"keep": "unique\nrarely\n", "drop": "서울\n"}
    for name, text in words.items():
        put(bucket, f"{name}.txt", text.encode())
        (local / f"{name}.txt").write_text(text)
    given = [f"vocab.{name}=s3://bucket/{name}.txt" for name in words]
    command = ["run", "--run-dir", WHERE, "--input", "s3://bucket/말뭉치 text", *settings(*given)]
    done = w2v(*command)
    on_disk = RunDir.create(str(local / "run"))
    given = [f"vocab.{name}={local}/{name}.txt" for name in words]
    own = ("shards.target_rows=1000", "vocab.accumulate=true")
    config = small_config(*own, *given)
    run_pipeline(on_disk, find_files([str(corpus)]), config, executor)
    return Stored(command, done, on_disk)


@pytest.fixture
def a_run(stored, bucket, request) -> RunDir:
    """A copy of the stored run, to break."""
    target = Folder(bucket.filesystem, f"bucket/{request.node.name.partition('[')[0]}")
    for name, data in objects(stored.run.folder).items():
        put(target, name.lstrip("/"), data)
    return RunDir.open(f"s3://{target.path}")


# Whole runs


def test_a_run_on_a_store_is_the_run_on_a_disk(stored):
    assert stored.done.returncode == 0, stored.done.stderr
    for stage in ("tokens", "vocab", "shards", "vectors"):
        ours, other = stored.run.require(stage), stored.on_disk.require(stage)
        told = [(entry.name, entry.rows) for entry in ours.files]
        assert told == [(entry.name, entry.rows) for entry in other.files]
        for name, _ in told:
            if name != "metrics.jsonl":  # it tells seconds
                assert stored.run.stage(stage).read(name) == stored.on_disk.stage(stage).read(name), name
    assert len(stored.run.require("shards").files) > 1


def test_a_run_leaves_what_its_manifests_list_a_page_and_nothing_else(stored):
    listed = {"/run.json", "/reports/report.html"}  # the page is in no manifest
    for stage in ("tokens", "vocab", "shards", "vectors"):
        listed |= {f"/{stage}/{entry.name}" for entry in stored.run.require(stage).files}
        listed.add(f"/{stage}/manifest.json")
    assert objects(stored.run.folder).keys() == listed


def test_a_rerun_finds_every_stage_up_to_date(stored):
    done = w2v(*stored.command)
    assert done.returncode == 0, done.stderr
    for stage in ("tokens", "vocab", "shards", "vectors"):
        assert f"{stage}: up to date" in done.stderr
    assert "report: up to date" in done.stderr


def test_no_secret_is_in_any_object_nor_told(stored):
    seen = {"stdout": stored.done.stdout.encode(), "stderr": stored.done.stderr.encode()}
    seen |= objects(stored.run.folder)
    assert [name for name, data in seen.items() if SECRET.encode() in data or KEY.encode() in data] == []


def test_what_executors_are_sent_holds_no_secret(bucket):
    sent = pickle.dumps(bucket)
    assert SECRET.encode() not in sent
    assert KEY.encode() not in sent
    assert pickle.loads(sent).filesystem.get_file_info("bucket").type == fs.FileType.Directory


def test_verify_passes_and_names_a_damaged_and_a_missing_object(a_run):
    assert w2v("verify", "--run-dir", a_run.location).returncode == 0
    name = a_run.require("shards").files[0].name
    data = bytearray(a_run.stage("shards").read(name))
    data[len(data) // 2] ^= 1
    put(a_run.stage("shards"), name, bytes(data))
    a_run.folder.filesystem.delete_file(a_run.stage("vectors").file("output.npy"))
    done = w2v("verify", "--run-dir", a_run.location)
    assert done.returncode == 2
    assert f"shards/{name} is damaged: its CRC-32 is" in done.stderr
    assert "vectors/output.npy is missing" in done.stderr


def test_questions_are_answered_as_on_a_disk(stored, bucket, capsys, monkeypatch):
    pairs = put(bucket, "짝.csv", "a,b,score\nking,queen,9\nking,cat,1\nking,한국,3\n".encode())
    put(bucket, "questions.txt", b": s\nking queen cat dog\n")
    questions = [
        ("neighbors", "수도", "king", "--json"),
        ("analogy", "king", "queen", "cat", "--json"),
        ("evaluate", "--similarity", pairs, "--analogies", "s3://bucket/questions.txt", "--json"),
        ("evaluate", "--similarity", pairs, "--against", WHERE, "--json"),
    ]
    for command, *arguments in questions:
        told = []
        for location in (WHERE, stored.on_disk.location):
            monkeypatch.setattr(sys, "argv", ["w2v", command, "--run-dir", location, *arguments])
            with pytest.raises(SystemExit) as ended:
                main_module.main()
            out, err = capsys.readouterr()
            assert not ended.value.code, err
            told.append(json.loads(out))
        assert told[0] == told[1]


def test_python_loads_vectors_from_a_uri(stored):
    vectors, other = (WordVectors.load(f"{run.location}/vectors") for run in (stored.run, stored.on_disk))
    assert vectors.tokens == other.tokens
    np.testing.assert_array_equal(vectors.vectors, other.vectors)
    assert vectors.most_similar("king") == other.most_similar("king")
    with pytest.raises(UserError, match="vocab.parquet is missing: .*RUN/vectors"):
        WordVectors.load(f"{WHERE}/shards")


@pytest.mark.parametrize("name", FORMATS)
def test_vectors_are_exported_to_the_store_and_loaded_from_it(bucket, name):
    rows = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    table = VectorTable(pa.chunked_array([["서울", "king", "queen"]]), np.array([3, 2, 1]), rows)
    place = f"s3://bucket/exports/{name} #1"
    for _ in range(2):
        assert export(table, name, place).words == 3
    folder = open_folder(place if FORMATS[name].names else "s3://bucket/exports")
    made = [file for file in folder.sizes() if file.startswith((name, ".")) or FORMATS[name].names]
    assert sorted(made) == sorted(FORMATS[name].names or [f"{name} #1"])
    if name != "projector":
        loaded = WordVectors.load(place)
        assert loaded.tokens == ["서울", "king", "queen"]
        np.testing.assert_array_equal(loaded.vectors, rows)


def test_an_export_to_a_bucket_that_does_not_exist_is_one_sentence(bucket):
    table = VectorTable(pa.chunked_array([["a"]]), np.array([1]), np.ones((1, 2), np.float32))
    with pytest.raises(UserError, match="bucket .*does not exist"):
        export(table, "glove", "s3://absent/v.txt")
    with pytest.raises(UserError, match="absent"):
        WordVectors.load("s3://absent/v.txt")


@pytest.mark.slow
def test_training_that_was_killed_goes_on_from_the_store_to_the_same_bytes(a_run, stored):
    slow = (
        "train.engine=numpy",
        "train.epochs=200",
        "train.vector_size=64",
        "train.batch_size=16",
        "vocab.min_count=2",
    )
    command = [sys.executable, "-m", "w2v_core.cli", "train", "--run-dir", a_run.location]
    often = settings(*slow, "train.checkpoint_minutes=0.01")
    for _ in range(2):
        before = Checkpoints(a_run.checkpoints).latest()
        with subprocess.Popen([*command, *often], stderr=subprocess.DEVNULL) as process:
            give_up_at = time.monotonic() + 60
            while (now := Checkpoints(a_run.checkpoints).latest()) is None or (
                before and now.folder == before.folder
            ):
                assert process.poll() is None
                assert time.monotonic() < give_up_at
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
    config = small_config(*slow)
    train_vectors(a_run, config)
    train_vectors(stored.on_disk, config)
    for name in ("input.npy", "output.npy"):
        assert a_run.stage("vectors").read(name) == stored.on_disk.stage("vectors").read(name)
    assert not a_run.checkpoints.sizes()
    assert not a_run.checkpoints.folders()


def test_training_starts_from_vectors_on_the_store(a_run, stored):
    train_vectors(a_run, small_config(f"train.init_vectors={WHERE}", "train.epochs=1"))
    manifest = a_run.require("vectors")
    assert manifest.counters["words_from_init_vectors"] == manifest.counters["words"]


@pytest.mark.slow
def test_a_vocabulary_on_the_store_is_extended_there(bucket, stored):
    source, where = put(bucket, "more.txt", "서울 은 서울 이다\n".encode()), "s3://bucket/second"
    for command in (["tokenize", "--input", source], ["vocab"]):
        done = w2v(*command, "--run-dir", where, *settings(f"vocab.extend={WHERE}"))
        assert done.returncode == 0, done.stderr
    before, after = (Vocabulary.read(RunDir.open(place).stage("vocab")) for place in (WHERE, where))
    tokens = after.tokens.to_pylist()
    assert tokens[: len(before)] == before.tokens.to_pylist()
    # The word was left out by name the first time, and was counted all the same.
    assert "서울" not in before.tokens.to_pylist()
    names = [entry.name for entry in stored.run.require("vocab").files if entry.name.startswith("rare-")]
    rare = pa.concat_tables([read_table(stored.run.stage("vocab"), name, RARE) for name in names])
    counts = dict(zip(*rare.to_pydict().values(), strict=True))
    assert after.counts[tokens.index("서울")] == counts["서울"] + 2 > 2


# Files


@pytest.fixture
def run(bucket, request) -> RunDir:
    return RunDir.create(f"s3://bucket/{request.node.name}")


def test_a_write_that_fails_leaves_the_old_content(bucket):
    bucket.write_atomically("whole", b"old")
    with pytest.raises(TypeError):
        bucket.write_atomically("whole", 1)  # type: ignore[arg-type]
    assert bucket.read("whole") == b"old"


@pytest.mark.slow
def test_a_file_that_is_read_while_it_is_replaced_or_removed_is_whole_or_not_there(bucket):
    """PyArrow asks for an object's size first: without care, the first bytes of another are read, or a fault."""
    folder = bucket / "replaced"
    seen: set[bytes | None] = set()
    with ThreadPoolExecutor(3) as pool:
        done = Event()
        readers = [pool.submit(lambda: read_until(done, folder, seen)) for _ in range(2)]
        try:
            for number in range(100):
                folder.write_atomically("file", b"ab"[number % 2 :][:1] * (100 * (1 + number % 2)))
                if number % 4 == 3:
                    folder.filesystem.delete_file(folder.file("file"))
        finally:
            done.set()
    assert [reader.result() for reader in readers] == [None, None]
    assert seen == {None, b"a" * 100, b"b" * 200}


def read_until(done: Event, folder: Folder, seen: set[bytes | None]) -> None:
    while not done.is_set():
        seen.add(folder.read("file"))


def test_a_stage_that_fails_leaves_nothing(run):
    def fail(stream):
        stream.write(b"x" * (20 << 20))
        raise RuntimeError

    def make():
        with run.rewrite("vocab") as stage_writer:
            write_array(stage_writer, "first.npy", np.zeros(3))
            write_bytes(stage_writer, "second", fail)

    with pytest.raises(RuntimeError):
        make()
    assert objects(run.folder).keys() == {"/run.json"}


@pytest.mark.parametrize("largest_copy", [1 << 30, 0])
def test_parts_get_their_names_by_copies_also_where_a_request_cannot_copy_them(
    run, monkeypatch, largest_copy
):
    monkeypatch.setattr("w2v_core.io.filesystem.LARGEST_COPY", largest_copy)
    rows = [
        tokens_schema(False).empty_table().from_pylist([{"tokens": [f"낱말{part}"] * 50}])
        for part in range(40)
    ]
    with run.rewrite("tokens") as stage_writer:
        task_results = []
        for part, table in enumerate(rows):
            with sentence_writer(stage_writer.temporary, False) as writer:
                writer.write(table.cast(tokens_schema(False)))
            task_results.append(
                TaskResult(part=part, temporary_name=writer.temporary_name, file=writer.entry("x"))
            )
        files = commit_parts(stage_writer, task_results[::-1], len(rows))
        stage_writer.finish(config=TokenizeConfig(), inputs=[], files=files)
    assert [entry.name for entry in run.require("tokens").files] == [
        f"part-{part:05d}.parquet" for part in range(40)
    ]
    found = objects(run.stage("tokens"))
    assert len(found) == 41
    for part, entry in enumerate(files):
        assert f"낱말{part}".encode() in found[f"/{entry.name}"]


def test_what_a_task_writes_after_its_job_counts_for_nothing_and_goes_with_the_next_start(run):
    with run.rewrite("tokens") as stage_writer:
        files = [write_bytes(stage_writer, "part-00000.parquet", lambda stream: stream.write(b"x"))]
        stage_writer.finish(config=TokenizeConfig(), inputs=[], files=files)
    with sentence_writer(stage_writer.temporary, False):
        pass
    assert run.require("tokens").files == tuple(files)
    assert any("_temporary" in name for name in objects(run.folder))
    with run.rewrite("tokens"):
        assert not [name for name in objects(run.folder) if "/tokens/" in name]


def test_a_folder_is_read_without_runs_and_hidden_files(stored, bucket):
    for name in ("a.txt", "deep/나 #2.txt", ".hidden", "_temporary/x.txt"):
        put(bucket, f"mixed/{name}", b"x")
    RunDir.create("s3://bucket/mixed/run").folder.write_atomically("inner.txt", b"x")
    found = [file.path for file in find_files(["s3://bucket/mixed"])]
    assert found == ["bucket/mixed/a.txt", "bucket/mixed/deep/나 #2.txt"]
    assert [file.path for file in find_files(["s3://bucket/mixed/**/나*.txt"])] == found[1:]


# Faults


@pytest.fixture(scope="module")
def strict_endpoint(tmp_path_factory) -> Iterator[str]:
    """A server that knows no key, and says so."""
    with serving(tmp_path_factory.mktemp("strict"), INITIAL_NO_AUTH_ACTION_COUNT="0") as endpoint:
        yield endpoint


def refused(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What the command says, which must be one sentence, soon, without a secret."""
    begin = time.monotonic()
    done = w2v(*arguments, env=env)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert time.monotonic() - begin < 90
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr
    assert KEY not in done.stderr
    return done.stderr


COMMANDS = [
    ("verify", "--run-dir", "s3://nobody/run"),
    ("tokenize", "--run-dir", "s3://nobody/run", "--input", __file__),
    ("tokenize", "--run-dir", "never-made", "--input", "s3://nobody/run"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bucket_that_is_missing_is_named(bucket, command):
    assert "s3://nobody/run is in a bucket that does not exist (NO_SUCH_BUCKET" in refused(*command)
    assert not Path("never-made").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_key_that_is_refused_is_told_with_the_way_out(strict_endpoint, command):
    told = refused(*command, env=variables(strict_endpoint))
    assert "s3://nobody/run is refused (" in told
    assert "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in told


@pytest.mark.slow
def test_an_endpoint_that_does_not_answer_is_told_with_the_way_out():
    with socket.socket() as closed, ThreadPoolExecutor() as pool:  # each tries for half a minute
        closed.bind(("127.0.0.1", 0))
        env = variables(f"http://127.0.0.1:{closed.getsockname()[1]}")
        told = list(pool.map(lambda command: refused(*command, env=env), COMMANDS))
    for each in told:
        assert "s3://nobody/run cannot be reached (" in each
        assert "AWS_ENDPOINT_URL" in each


@pytest.mark.parametrize(
    "read_it",
    [
        lambda folder: read_table(folder, "vocab.parquet", VOCAB),
        WordVectors.read,
        Vocabulary.open,
        lambda folder: Checkpoint(folder, {}, (), 0.0).load_into(Tables(np.empty((3, 2)), np.empty((3, 2)))),
        lambda folder: _damage(folder, FileEntry(name="x", rows=None, bytes=1, crc32=0)),
        lambda folder: sentence_writer(folder, False),
    ],
)
def test_a_store_that_is_away_is_not_told_as_damage(read_it):
    """The remedy for damage is to delete a stage, and to make it again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = fs.S3FileSystem(
            access_key=KEY,
            secret_key=SECRET,
            endpoint_override=f"http://127.0.0.1:{closed.getsockname()[1]}",
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
        )
        with pytest.raises(UserError) as told:
            read_it(Folder(away, "bucket/run"))
    assert "NETWORK_CONNECTION" in str(told.value)
    assert "damaged" not in str(told.value)
    assert "delete" not in str(told.value)


# Nightly runs


@pytest.mark.slow
def test_a_nightly_run_on_a_store_publishes_there_and_does_nothing_the_second_time(bucket):
    put(bucket, "도착/하나.txt", ("the king sees the cat\n서울 은 한국 의 수도 이다\n" * 60).encode())
    where = ["--store", "s3://bucket/models", "--name", "소식", "--work", "s3://bucket/nights"]
    command = ["nightly", *where, "--input", "s3://bucket/도착", "--json", *settings("night.predict=false")]
    done = w2v(*command)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["version"], told["files"]) == ("published", "v1", 1)
    vectors = WordVectors.load("s3://bucket/models/소식@current")
    assert {"king", "서울"} <= set(vectors.tokens)
    left = objects(Folder(bucket.filesystem, "bucket/nights"))
    assert [name.split("/")[1] for name in left] == ["nights"]
    again = w2v(*command)
    assert json.loads(again.stdout) == {"nothing_to_do": True, "version": "v1"}
