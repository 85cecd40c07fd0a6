"""A bit that flips in anything of a published version is found by `w2v models verify`, wherever it is."""

from pathlib import Path

import numpy as np
import pytest
from runs_by_hand import finished_run

from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.pipeline.verify import verify
from w2v_core.registry.record import Record
from w2v_core.registry.store import ModelStore
from w2v_core.runs.model_reference import Pointer, resolved
from w2v_core.runs.run_directory import RunDir


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A model of two versions, the second along the first one's axes, with an attachment."""
    folder = tmp_path_factory.mktemp("store")
    model = ModelStore(str(folder / "store")).model("news")
    model.publish(finished_run(folder / "first", 1))
    second = finished_run(folder / "second", 2)
    model.publish(second, attachments={"verdict.json": b'{"passed": true}'}, align_to=model.current())
    return model


def flipped(path: Path, rng: np.random.Generator) -> bytes:
    """The file with one bit flipped; and what it was."""
    was = path.read_bytes()
    data = bytearray(was)
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)
    return was


def problems(model, name: str) -> list[str]:
    try:
        return model.verify(name)
    except UserError as error:
        return [str(error)]


def test_a_bit_that_flips_in_any_file_of_a_version_is_found(store, attacks):
    files = sorted(path for path in Path(store.version("v2").location).rglob("*") if path.is_file())
    assert {path.name for path in files} >= {
        "version.json",
        "verdict.json",
        "run.json",
        "manifest.json",
        "report.html",
    }
    rng = np.random.default_rng(8)
    for path in files:
        for _ in range(attacks):
            was = flipped(path, rng)
            found, now = problems(store, "v2"), path.read_bytes()
            path.write_bytes(was)
            assert len(found) == 1, (path.name, was, now)
            assert path.name in found[0]
    assert problems(store, "v2") == []


def test_a_bit_that_flips_in_what_a_version_says_of_itself_is_found_by_all_who_read_it(store, attacks):
    path = Path(store.version("v2").location, "version.json")
    rng = np.random.default_rng(9)
    for _ in range(attacks):
        was = flipped(path, rng)
        with pytest.raises(UserError, match=r"version\.json is (damaged|of format)"):
            store.versions()
        path.write_bytes(was)


def test_a_bit_that_flips_in_the_pointer_names_no_other_version(store, attacks):
    """It is damaged, or it says the same version; of when it was made current it may tell another time."""
    path = Path(store.location, "current")
    rng = np.random.default_rng(10)
    for _ in range(10 * attacks):
        was = flipped(path, rng)
        try:
            told = resolved(f"{store.location}@current")
        except UserError as error:
            told = str(error)
        assert told == f"{store.location}/v2" or "current is damaged" in told
        path.write_bytes(was)


def test_a_pointer_that_says_two_versions_is_damaged(store):
    path = Path(store.location, "current")
    was = path.read_text()
    path.write_text(was.replace('"version": "v2"', '"version": "v1"', 1))
    with pytest.raises(UserError, match="current is damaged"):
        Pointer.read(open_folder(store.location))
    path.write_text(was)


def test_versions_of_before_there_were_seals_are_read(store):
    folder = open_folder(store.version("v1").location)
    path = Path(folder.path, "version.json")
    was = path.read_text()
    record = Record.read(folder)
    path.write_text(record.model_copy(update={"seal": None}).model_dump_json(exclude={"seal"}))
    assert Record.read(folder) == record.model_copy(update={"seal": None})
    path.write_text(was)


@pytest.mark.parametrize("stage", ["vocab", "vectors", "reports"])
def test_a_bit_that_flips_in_a_file_of_a_run_is_found(tmp_path, attacks, stage):
    """Of all that its manifests list; the manifests have no checksum, and neither has the page, which is made anew."""
    run = finished_run(tmp_path / "run", 3)
    rng = np.random.default_rng(11)
    for entry in run.require(stage).files:
        path = Path(run.location, stage, entry.name)
        for _ in range(attacks // 4):
            was = flipped(path, rng)
            found = {told.stage: told.problems for told in verify(RunDir.open(run.location))}
            path.write_bytes(was)
            assert entry.name in found[stage][0]
            assert not any(found[other] for other in found if other != stage)
