"""Run directories: manifests, fingerprints, and what survives a fault."""

import json

import pytest

from w2v_core.config import ShardsConfig, TokenizeConfig, VocabConfig
from w2v_core.errors import AccountError, UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.runs.manifest import fingerprint
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import TaskResult, commit_parts, write_bytes
from w2v_core.runs.token_account import TokenAccount


@pytest.fixture
def run(tmp_path):
    return RunDir.create(str(tmp_path / "실행 #1"))


def finish(run: RunDir, stage: str, config, inputs, data: bytes = b"data"):
    with run.rewrite(stage) as stage_writer:
        files = [write_bytes(stage_writer, "file", lambda stream: stream.write(data))]
        return stage_writer.finish(config=config, inputs=inputs, files=files, tokens=TokenAccount(3, 2, 1))


def test_a_finished_stage_is_current_for_the_same_settings_and_inputs_only(run):
    manifest = finish(run, "tokens", TokenizeConfig(), ["a"])
    assert run.require("tokens") == manifest
    assert run.is_current("tokens", fingerprint("tokens", TokenizeConfig(), ["a"]))
    assert not run.is_current("tokens", fingerprint("tokens", TokenizeConfig(), ["b"]))
    assert not run.is_current("tokens", fingerprint("tokens", TokenizeConfig(strict=True), ["a"]))
    assert not run.is_current("vocab", fingerprint("vocab", VocabConfig(), ["a"]))


def test_a_file_that_is_gone_or_cut_makes_the_stage_not_current_and_is_named(run):
    wanted = finish(run, "tokens", TokenizeConfig(), ["a"]).fingerprint
    file = f"{run.folder.path}/tokens/file"
    with open(file, "wb") as stream:
        stream.write(b"dat")
    assert not run.is_current("tokens", wanted)
    with pytest.raises(UserError, match=r"tokens/file .*3 bytes, .*4; .*`w2v tokenize"):
        run.require("tokens")


def test_starting_a_stage_removes_it_and_everything_after_it(run):
    for stage in ("tokens", "vocab", "shards"):
        finish(run, stage, TokenizeConfig(), stage)
    with run.rewrite("vocab"):
        assert run.manifest("tokens") is not None
        assert run.manifest("vocab") is None
        assert run.manifest("shards") is None
        assert not run.stage("shards").sizes()


def test_a_stage_that_fails_is_not_finished_and_leaves_no_draft(run):
    def fail(stream):
        stream.write(b"x")
        raise RuntimeError

    with pytest.raises(RuntimeError), run.rewrite("tokens") as stage_writer:
        write_bytes(stage_writer, "file", fail)
    assert run.manifest("tokens") is None
    assert open_folder(f"{run.folder.path}/tokens/_temporary").is_empty()
    with pytest.raises(UserError, match="tokens stage; run `w2v tokenize"):
        run.require("tokens")


def test_an_account_that_does_not_balance_stops_the_stage(run):
    with pytest.raises(AccountError, match="balance"), run.rewrite("tokens") as stage_writer:
        stage_writer.finish(config=TokenizeConfig(), inputs=[], files=[], tokens=TokenAccount(2, 1))
    assert run.manifest("tokens") is None


def test_a_folder_with_other_files_is_not_taken(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
    with pytest.raises(UserError, match="photos is not empty"):
        RunDir.create(str(tmp_path / "photos"))


def test_a_file_is_no_run_directory(tmp_path):
    (tmp_path / "file").write_text("x")
    for name in ("file", "file/below"):
        with pytest.raises(UserError, match="file is a file"):
            RunDir.create(str(tmp_path / name))


def test_what_a_crash_left_of_the_marker_does_not_lock_the_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.json.0123").write_text("{")
    RunDir.create(str(tmp_path / "run"))


def test_settings_without_effect_are_no_part_of_the_fingerprint():
    few, many = TokenizeConfig(split_bytes=1024), TokenizeConfig(split_bytes=2048)
    assert fingerprint("tokens", few, []) == fingerprint("tokens", many, [])


def test_a_folder_that_is_no_run_is_named_with_the_way_out(tmp_path):
    with pytest.raises(UserError, match="absent is not .*w2v run --input"):
        RunDir.open(str(tmp_path / "absent"))


def test_a_stage_of_a_run_is_told_from_the_run(run):
    finish(run, "tokens", TokenizeConfig(), [])
    with pytest.raises(UserError, match="tokens/ .*but the tokens of one"):
        RunDir.open(f"{run.location}/tokens/")


@pytest.mark.parametrize("name", ["run.json", "tokens/manifest.json"])
def test_another_format_version_is_refused(run, name):
    finish(run, "tokens", TokenizeConfig(), [])
    path = f"{run.folder.path}/{name}"
    with open(path) as stream:
        facts = json.load(stream)
    facts["format_version"] = 99
    with open(path, "w") as stream:
        json.dump(facts, stream)
    with pytest.raises(
        UserError, match=f"{name} is of run-directory format 99 and this program writes format 1"
    ):
        RunDir.open(run.location).require("tokens")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format_version": 1}'])
def test_a_damaged_manifest_is_named(run, damage):
    finish(run, "tokens", TokenizeConfig(), [])
    with open(f"{run.folder.path}/tokens/manifest.json", "w") as stream:
        stream.write(damage)
    with pytest.raises(UserError, match=r"tokens/manifest.json is damaged"):
        run.require("tokens")


def test_the_fingerprint_knows_the_stage_the_settings_and_the_inputs():
    base = fingerprint("shards", ShardsConfig(), {"vocab": "x"})
    assert base == fingerprint("shards", ShardsConfig(), {"vocab": "x"})
    others = [
        fingerprint("vocab", ShardsConfig(), {"vocab": "x"}),
        fingerprint("shards", ShardsConfig(seed=2), {"vocab": "x"}),
        fingerprint("shards", ShardsConfig(), {"vocab": "y"}),
    ]
    assert base not in others


def test_a_part_that_is_missing_or_comes_twice_is_not_adopted(run):
    for parts in ([0, 2], [0, 1, 1], []):
        with (
            pytest.raises(AccountError, match=r"task results for \d+ files"),
            run.rewrite("tokens") as stage_writer,
        ):
            commit_parts(stage_writer, [TaskResult(part=part) for part in parts], 2)


def test_a_receipt_travels_as_arrow():
    task_result = TaskResult(part=3, tokens=TokenAccount(5, 4, 1), counters={"라인": 2})
    assert TaskResult.model_validate_json(task_result.to_batch()["receipt"][0].as_py()) == task_result
