"""`w2v verify`: a run is read again, and what is not as its manifests say is named."""

import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_settings import small_config
from typer.testing import CliRunner

from w2v_core.cli.app import app
from w2v_core.pipeline.run import run_pipeline
from w2v_core.pipeline.verify import verify
from w2v_core.readers.splits import find_files
from w2v_core.runs.artifacts import MANIFEST
from w2v_core.runs.run_directory import RunDir
from w2v_core.shards.digest import digest_of_rows, joined_digest


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 10_000))
def test_the_digest_forgets_order_and_files_but_no_row_and_no_id(num_rows, window, seed):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2**31 - 1, num_rows).astype(np.int32)
    contexts = rng.integers(-1, 2**31 - 1, (num_rows, 2 * window)).astype(np.int32)
    digest = digest_of_rows(target, contexts)
    order = rng.permutation(num_rows)
    assert digest_of_rows(target[order], contexts[order]) == digest
    cut = rng.integers(0, num_rows + 1)
    halves = (digest_of_rows(target[part], contexts[part]) for part in (slice(cut), slice(cut, None)))
    assert joined_digest(*halves) == digest
    row, column = rng.integers(num_rows), rng.integers(2 * window)
    assert digest_of_rows(np.append(target, target[row]), np.vstack([contexts, contexts[row]])) != digest
    other = contexts.copy()
    other[row, column] = 7 if contexts[row, column] != 7 else 8
    assert digest_of_rows(target, other) != digest
    moved = np.roll(contexts, 1, axis=1)
    assert digest_of_rows(target, moved) != digest or (moved == contexts).all()


@pytest.fixture(scope="session")
def verified_run(tmp_path_factory, corpus, executor) -> Path:
    run = RunDir.create(str(tmp_path_factory.mktemp("verify") / "실행"))
    config = small_config("shards.target_rows=1000")
    run_pipeline(run, find_files([str(corpus)]), config, executor)
    return Path(run.folder.path)


@pytest.fixture
def a_run(verified_run, tmp_path) -> Path:
    return Path(shutil.copytree(verified_run, tmp_path / "run"))


def problems(path: Path) -> dict[str, tuple[str, ...]]:
    return {stage.stage: stage.problems for stage in verify(RunDir.open(str(path))) if stage.problems}


def test_an_untouched_run_is_whole(a_run):
    run = RunDir.open(str(a_run))
    found = list(verify(run))
    assert [stage.stage for stage in found] == ["tokens", "vocab", "shards", "vectors"]
    assert problems(a_run) == {}
    shards = run.manifest("shards")
    assert len(shards.files) > 1
    assert found[2].digest == shards.digest
    assert len(shards.digest) == 16


def test_the_digest_is_the_same_for_other_numbers_of_shards(a_run, corpus, make_run):
    other = make_run(corpus, "shards.target_rows=1000000").manifest("shards")
    assert len(other.files) == 1
    assert other.digest == RunDir.open(str(a_run)).manifest("shards").digest
    another_seed = make_run(corpus, "shards.seed=2", into="seed").manifest("shards")
    assert another_seed.digest != other.digest


@pytest.mark.parametrize(
    "name", ["tokens/part-00000.parquet", "shards/part-00001.parquet", "vectors/input.npy"]
)
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_is_named(a_run, name, damage):
    path = a_run / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(data if damage == "flip" else data[:-1])
    stage = name.split("/")[0]
    found = problems(a_run)
    assert list(found) == [stage]
    assert str(path) in found[stage][0]
    assert {"flip": "CRC-32", "cut": "bytes, not", "remove": "is missing"}[damage] in found[stage][0]
    assert "delete" in found[stage][-1]


def rewrite_manifest(run: Path, stage: str, change) -> None:
    path = run / stage / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_a_row_that_was_exchanged_under_a_true_checksum_is_found(a_run):
    files = RunDir.open(str(a_run)).manifest("shards").files
    number = next(number for number, file in enumerate(files) if file.rows)
    path = a_run / "shards" / files[number].name
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0]["target"] ^= 1
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    data = path.read_bytes()

    def change(manifest):
        manifest["files"][number] |= {"bytes": len(data), "crc32": zlib.crc32(data)}

    rewrite_manifest(a_run, "shards", change)
    assert "have the digest" in problems(a_run)["shards"][0]


def test_accounts_that_do_not_agree_are_told(a_run):
    def lose(manifest):
        manifest["tokens"]["kept"] -= 1

    rewrite_manifest(a_run, "tokens", lose)
    found = problems(a_run)
    assert "does not balance" in found["tokens"][0]
    assert "the tokens stage kept" in found["vocab"][0]
    assert "the tokens stage kept" in found["shards"][0]


def test_a_stage_of_an_earlier_version_has_no_digest_to_compare(a_run):
    rewrite_manifest(a_run, "shards", lambda manifest: manifest.pop("digest"))
    assert problems(a_run) == {}


@pytest.mark.usefixtures("console_log")
def test_the_command_tells_and_exits(a_run):
    runner = CliRunner()
    result = runner.invoke(app, ["verify", "--run-dir", str(a_run), "--json"])
    assert result.exit_code == 0
    assert [stage["problems"] for stage in json.loads(result.stdout)] == [[]] * 4
    (a_run / "shards" / "part-00000.parquet").unlink()
    broken = runner.invoke(app, ["verify", "--run-dir", str(a_run)])
    assert broken.exit_code == 2
    assert "part-00000.parquet is missing" in broken.stderr
    assert "differs from its manifests: shards" in broken.stderr
    empty = RunDir.create(str(a_run.parent / "empty"))
    assert "no finished stage" in runner.invoke(app, ["verify", "--run-dir", empty.location]).stderr
