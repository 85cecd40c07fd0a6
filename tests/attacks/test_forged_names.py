"""Names in files that others may have written lead nowhere outside of the folder that they are in.

What is forged fits the file outside to the byte, so whoever followed the name would find nothing wrong.
"""

import hashlib
import json
import re
import zipfile
import zlib
from pathlib import Path

import pytest
from runs_by_hand import finished_run

from w2v_core.errors import UserError
from w2v_core.nightly.work import Plan, Record, WorkFolder
from w2v_core.pipeline.verify import verify
from w2v_core.registry.store import ModelStore
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.output_folder import OutputFolder
from w2v_core.runs.run_directory import RunDir
from w2v_core.vocabulary.base_vocabulary import BaseVocabulary

OUTSIDE = b"what nobody may read from here"


@pytest.fixture
def outside(tmp_path) -> Path:
    """A folder of somebody else's, with a file."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(OUTSIDE)
    return folder


@pytest.fixture
def run(tmp_path) -> RunDir:
    return finished_run(tmp_path / "run", 1)


@pytest.fixture
def model(tmp_path, run):
    model = ModelStore(str(tmp_path / "store")).model("news")
    model.publish(run)
    return model


def ways_out(outside: Path, depth: int) -> list[str]:
    """Names that lead to the file from a folder that is `depth` below the folder beside it."""
    up = "../" * depth
    return [
        f"{up}outside/secret",
        str(outside / "secret"),
        f"./{up}outside/secret",
        f"x/../{up}outside/secret",
    ]


def edited(path: Path, change) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("way", range(4))
@pytest.mark.parametrize("stage", ["vocab", "vectors", "reports"])
def test_a_manifest_that_names_a_file_outside_is_damaged(run, outside, model, stage, way, tmp_path):
    name = ways_out(outside, 2)[way]
    entry = {"name": name, "rows": 1, "bytes": len(OUTSIDE), "crc32": zlib.crc32(OUTSIDE)}
    path = Path(run.location, stage, "manifest.json")
    edited(path, lambda manifest: manifest["files"].append(entry))
    told = rf"{stage}/manifest\.json is damaged"
    for open_it in (
        lambda: run.require(stage),
        lambda: run.is_current(stage, json.loads(path.read_text())["fingerprint"]),
        lambda: list(verify(run)),
        lambda: model.publish(run),
    ):
        with pytest.raises(UserError, match=told):
            open_it()
    if stage == "vocab":
        edited(path, lambda manifest: manifest["files"][-1].update(name=f"rare-/{name}"))
        with pytest.raises(UserError, match=told):
            BaseVocabulary.read(run.location, rare_lost=True)
    assert (outside / "secret").read_bytes() == OUTSIDE
    assert [version.name for version in model.versions()] == ["v1"]


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", "nul\0byte"])
def test_a_manifest_names_files_and_no_folders(run, name):
    edited(Path(run.location, "vectors", "manifest.json"), lambda told: told["files"][0].update(name=name))
    with pytest.raises(UserError, match=r"vectors/manifest\.json is damaged"):
        run.require("vectors")


@pytest.mark.parametrize("way", range(4))
def test_a_version_that_names_a_file_outside_is_damaged(model, outside, way):
    name = ways_out(outside, 3)[way]
    stored = {"bytes": len(OUTSIDE), "sha256": hashlib.sha256(OUTSIDE).hexdigest()}
    path = Path(model.version("v1").location, "version.json")
    edited(path, lambda record: record["files"].update({name: stored}))
    for open_it in (lambda: model.verify("v1"), model.versions, model.current, lambda: model.promote("v1")):
        with pytest.raises(UserError, match=r"version\.json is damaged"):
            open_it()
    assert (outside / "secret").read_bytes() == OUTSIDE


@pytest.mark.parametrize("name", ["../../outside", "v2", "/outside", "current", ""])
def test_a_version_has_the_name_of_its_folder(model, outside, name):
    edited(Path(model.version("v1").location, "version.json"), lambda record: record.update(version=name))
    for open_it in (model.versions, lambda: model.promote("v1"), lambda: model.prune(1)):
        with pytest.raises(UserError, match=r"version\.json is damaged"):
            open_it()
    assert (outside / "secret").read_bytes() == OUTSIDE


@pytest.mark.parametrize("version", ["../../outside", "/outside", "v1/../../../outside", "v01", "..", ""])
def test_a_pointer_names_a_version_and_nothing_else(model, outside, version):
    (outside / "version.json").write_text("{}")
    edited(Path(model.location, "current"), lambda pointer: pointer.update(version=version))
    for open_it in (lambda: resolved(f"{model.location}@current"), model.current, model.rollback):
        with pytest.raises(UserError, match="current is damaged"):
            open_it()


def test_versions_that_a_pointer_remembers_are_looked_for_among_those_that_stand(
    model, run, outside, tmp_path
):
    model.publish(finished_run(tmp_path / "second", 2))
    forged = {"version": "../../outside", "at": "2026-11-27T00:00:00+00:00", "is_rollback": False}
    edited(Path(model.location, "current"), lambda pointer: pointer["turns"].insert(1, forged))
    assert model.rollback().name == "v1"
    model.prune(1)
    assert (outside / "secret").read_bytes() == OUTSIDE


@pytest.mark.parametrize("name", ["../x", "a/b", "/x", "..", ".", "_x", "x@current", "x\n", "x\\y", ""])
def test_a_models_name_is_one_folder(tmp_path, name):
    with pytest.raises(UserError, match="name of a model"):
        ModelStore(str(tmp_path)).model(name)


def test_a_reference_through_a_folder_above_is_the_path_that_it_says(model, tmp_path):
    there = f"{tmp_path}/store/other/../news@current"
    (tmp_path / "store" / "other").mkdir()
    assert Path(resolved(there)).resolve() == Path(model.version("v1").location)


@pytest.mark.parametrize("name", ["../../outside/night", "/outside/night", "2026-11-27T02-00-00Z/../x", ""])
def test_a_nightly_run_is_named_by_its_time(tmp_path, outside, name):
    work = WorkFolder(str(tmp_path / "work"))
    plan = {"night": name, "model": "news", "based_on": None, "files": [], "copies": 0}
    work.folder.create()
    work.folder.write_atomically("plan.json", json.dumps(plan).encode())
    with pytest.raises(UserError, match=r"plan\.json is damaged"):
        work.plan()
    with pytest.raises(ValueError, match="does not match format|unconverted data"):
        Record(night=name, model="news", outcome="failed", finished_at="2026-11-27T00:00:00Z", seconds=1)
    with pytest.raises(ValueError, match="does not match format|unconverted data"):
        Plan.model_validate(plan)
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]


# Links: what is removed is the link


@pytest.mark.parametrize("stage", ["tokens", "vocab", "vectors"])
def test_a_stage_that_is_a_link_is_made_anew_beside_what_it_links_to(run, outside, stage):
    folder = Path(run.location, stage)
    if folder.exists():
        folder.rename(folder.with_name("was"))
    folder.symlink_to(outside)
    (outside / "manifest.json").write_text("{}")
    with run.rewrite(stage):
        assert folder.is_dir()
        assert not folder.is_symlink()
    assert (outside / "secret").read_bytes() == OUTSIDE


def test_a_link_in_a_stage_is_removed_without_what_it_links_to(run, outside):
    for place in ("vocab/linked", "checkpoints"):
        Path(run.location, place).symlink_to(outside)
    Path(run.location, "vocab", "file").symlink_to(outside / "secret")
    run.remove("tokens")
    assert not Path(run.location, "vocab").exists()
    assert not Path(run.location, "checkpoints").is_symlink()
    assert (outside / "secret").read_bytes() == OUTSIDE


def test_versions_that_are_links_are_removed_without_what_they_link_to(model, run, outside, tmp_path):
    Path(model.location, "v7").symlink_to(outside)  # unfinished, as it has no version.json
    model.publish(finished_run(tmp_path / "second", 2))
    assert not Path(model.location, "v7").is_symlink()
    there = Path(model.version("v1").location)
    (there / "deeper").symlink_to(outside)
    model.publish(finished_run(tmp_path / "third", 3))
    assert [version.name for version in model.prune(1)] == ["v1"]
    assert not there.exists()
    assert (outside / "secret").read_bytes() == OUTSIDE


def test_a_version_with_a_link_in_it_has_a_stranger(model, outside):
    there = Path(model.version("v1").location)
    (there / "vectors" / "linked").symlink_to(outside)
    (there / "loop").symlink_to(there)
    problems = model.verify("v1")
    assert any("vectors/linked/secret is no file of this version" in problem for problem in problems)
    assert any("loop" in problem for problem in problems)


@pytest.mark.parametrize("name", ["run.json", "vectors/manifest.json", "reports/report.html"])
def test_a_file_that_is_a_link_is_replaced_and_not_written_through(run, outside, name):
    path = Path(run.location, name)
    path.unlink(missing_ok=True)
    path.symlink_to(outside / "secret")
    folder = run.folder if "/" not in name else run.stage(name.partition("/")[0])
    folder.write_atomically(path.name, b"ours")
    assert not path.is_symlink()
    assert (outside / "secret").read_bytes() == OUTSIDE


# Folders of others, which a command would empty


def test_an_output_that_is_a_link_leaves_what_it_links_to(tmp_path, outside):
    (outside / "secret").unlink()
    (outside / "_temporary").mkdir()
    (tmp_path / "output").symlink_to(outside)
    output = OutputFolder(str(tmp_path / "output"), "documents")
    with output.rewrite("documents"):
        assert not (tmp_path / "output").is_symlink()
    assert (outside / "_temporary").exists()


@pytest.mark.parametrize(
    "stands", [["_temporary/0/task/part-00000"], ["_temporary/x", "results.csv"], ["_temporary/", "deep/a"]]
)
def test_what_other_programs_write_is_no_output_of_ours(tmp_path, stands):
    for name in stands:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_text("theirs")
    with pytest.raises(UserError, match="not empty .*documents"):
        OutputFolder(str(tmp_path), "documents")


def test_what_a_killed_command_of_ours_left_is_taken(tmp_path):
    (tmp_path / "_temporary").mkdir()
    for name in ("_temporary/0a1b", "part-00000.parquet", "components.npy", f".manifest.json.{'0' * 32}"):
        (tmp_path / name).write_text("ours")
    with OutputFolder(str(tmp_path), "documents").rewrite("documents"):
        assert [path.name for path in tmp_path.iterdir()] == ["_temporary"]


@pytest.mark.parametrize(
    "stands",
    [
        ["run/lock", "etc/passwd"],
        ["run/lock"],
        ["config.json", "package.json"],
        ["inputs.json", "run/vocab.py"],
        ["lease/deed.pdf", "thesis"],
    ],
)
def test_folders_of_others_are_no_work_folder_whatever_they_are_called(tmp_path, stands):
    for name in stands:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("theirs")
    with pytest.raises(UserError, match="a new or an empty folder"):
        WorkFolder(str(tmp_path))


def test_the_root_of_the_disk_is_no_work_folder():
    with pytest.raises(UserError, match="/ is not empty .*nightly runs"):
        WorkFolder("/")


@pytest.mark.parametrize(
    "stands", ["lease/x.claim", "config.json", "run/vocab/part", "run/.run.json.0a", ".plan.json.0a"]
)
def test_what_a_killed_nightly_run_left_is_taken(tmp_path, stands):
    path = tmp_path / stands
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("ours")
    WorkFolder(str(tmp_path)).end(keep_run=False)
    assert not (tmp_path / "run").exists()


def test_the_zip_unpacks_into_its_own_folder():
    archive = Path(__file__).parents[2] / "dist" / "w2v.zip"
    if not archive.exists():
        pytest.skip("no dist/w2v.zip; make package")
    for info in zipfile.ZipFile(archive).infolist():
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)*", info.filename), info.filename
        assert ".." not in info.filename.split("/")
        assert info.external_attr >> 28 in (0, 8), f"{info.filename} is no plain file"
