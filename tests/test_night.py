"""The parts of a nightly run, without Spark and training: files by content, the gate, records, metrics."""

import json
import os
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.config import Config, EvaluateConfig, GateConfig, load_config
from w2v_core.errors import UserError
from w2v_core.nightly.gate import GateFacts, evaluate_gate, require_sets
from w2v_core.nightly.ledger import Ledger, ReadFile, fingerprints, location_of
from w2v_core.nightly.metrics import exposition
from w2v_core.nightly.work import Plan, Record, WorkFolder, began_at, name_of
from w2v_core.readers.splits import InputFile, find_files, read_list

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def read_file(location: str, sha256: str, size: int = 3) -> ReadFile:
    return ReadFile(location=location, size=size, mtime_ns=1, sha256=sha256)


files = st.builds(read_file, st.sampled_from("abcd"), st.sampled_from("uvwxyz"), st.integers(0, 2))
once_each = st.lists(files, unique_by=lambda file: file.location)


@given(st.lists(files), once_each)
def test_every_file_is_new_changed_a_copy_empty_or_known_as_it_stands(known, found):
    ledger = Ledger(tuple(known))
    latest = {file.location: file.sha256 for file in known}
    sorted_out = ledger.sort_out(found)
    told = [*sorted_out.new, *sorted_out.changed, *sorted_out.copies, *sorted_out.empty]
    silent = [file for file in found if file not in told]
    assert len(told) + len(silent) == len(found)
    assert all(latest[file.location] == file.sha256 for file in silent)
    added = [file.sha256 for file in (*sorted_out.new, *sorted_out.changed)]
    assert len(set(added)) == len(added)
    assert not set(added) & {file.sha256 for file in known}
    assert all(file.location not in latest for file in sorted_out.new)
    assert all(file.location in latest for file in sorted_out.changed)


def test_an_empty_file_waits_until_it_holds_something():
    empty = read_file("a", "of nothing", size=0)
    assert Ledger().sort_out([empty]).empty == [empty]


@given(once_each)
def test_what_was_added_is_not_added_again(found):
    first = Ledger().sort_out(found)
    again = Ledger().extended([*first.new, *first.changed]).sort_out(found)
    assert (again.new, again.changed) == ([], [])


@given(st.lists(files))
def test_a_ledger_is_read_as_it_was_written(known):
    ledger = Ledger(tuple(known))
    assert Ledger.read(ledger.to_json(), "ledger") == ledger


def test_a_damaged_ledger_is_named():
    with pytest.raises(UserError, match="night 3 is damaged"):
        Ledger.read(b'[{"location": 3}]', "night 3")


def test_a_file_is_known_by_what_it_holds(tmp_path):
    (tmp_path / "하나.txt").write_text("a b c\n")
    (tmp_path / "two.txt").write_text("d e f\n")
    ledger = Ledger(tuple(fingerprints(find_files([str(tmp_path)]))))
    (tmp_path / "하나.txt").write_text("a b d\n")  # of the same length
    os.utime(tmp_path / "하나.txt", ns=(0, 0))  # and older than before
    (tmp_path / "two.txt").rename(tmp_path / "three.txt")
    (tmp_path / "late.txt").write_text("g\n")
    sorted_out = ledger.sort_out(fingerprints(find_files([str(tmp_path)]), ledger))
    assert [file.location for file in sorted_out.changed] == [str(tmp_path / "하나.txt")]
    assert [file.location for file in sorted_out.copies] == [str(tmp_path / "three.txt")]
    assert [file.location for file in sorted_out.new] == [str(tmp_path / "late.txt")]


def test_a_change_that_hides_is_found_by_reading_again(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a b c\n")
    worker_state = path.stat()
    ledger = Ledger(tuple(fingerprints(find_files([str(path)]))))
    path.write_text("x y z\n")
    os.utime(path, ns=(worker_state.st_atime_ns, worker_state.st_mtime_ns))
    found = find_files([str(path)])
    assert ledger.sort_out(fingerprints(found, ledger)).changed == []
    assert len(ledger.sort_out(fingerprints(found, ledger, reread=True)).changed) == 1


def test_a_file_that_is_gone_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("a\n")
    found = find_files([str(tmp_path)])
    (tmp_path / "a.txt").unlink()
    with pytest.raises(UserError, match=r"a\.txt was there"):
        fingerprints(found)


@pytest.mark.parametrize(
    ("root", "path", "location"),
    [
        ("in", "/home/me/in/a.txt", "/home/me/in/a.txt"),
        ("file:///data/in", "/data/in/deep/a b.txt", "file:///data/in/deep/a b.txt"),
        ("file:///data/in/", "/data/in/100%.txt", "file:///data/in/100%25.txt"),
        ("file:///data/a.txt", "/data/a.txt", "file:///data/a.txt"),
    ],
)
def test_a_location_is_what_input_takes(root, path, location):
    assert location_of(InputFile(root, path, 1, 1)) == location


def test_a_list_of_inputs_is_read_as_a_nightly_run_writes_it(tmp_path):
    work = WorkFolder(str(tmp_path / "work"))
    names = ["/data/한국어 말뭉치.txt", "s3://bucket/a\nb.txt"]
    work.begin(a_plan(*names), Config())
    assert read_list(work.file("inputs.json")) == names


@pytest.mark.parametrize("text", ["no json", '{"a": 1}', "[1]", "[" * 100_000])
def test_another_list_of_inputs_is_refused(tmp_path, text):
    path = tmp_path / "inputs.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"--input-list .*inputs\.json .*JSON list"):
        read_list(str(path))


def a_plan(*locations: str) -> Plan:
    files = tuple(read_file(location, location) for location in locations)
    return Plan(night=name_of(NOON), model="news", based_on="v3", files=files, copies=0)


def test_a_nightly_run_that_was_begun_is_found_again_with_its_settings(tmp_path):
    work = WorkFolder(str(tmp_path / "work"))
    config = load_config(None, ["train.epochs=3", "vocab.from=/old run", 'gate.min_scores."a b.tsv"=0.5'])
    work.begin(a_plan("a", "b"), config)
    assert WorkFolder(str(tmp_path / "work")).plan() == a_plan("a", "b")
    assert load_config(work.file("config.json")) == config
    work.end(keep_run=False)
    assert work.plan() is None


def test_beginning_and_ending_a_nightly_run_remove_the_run_before(tmp_path):
    work = WorkFolder(str(tmp_path))
    for keep_run in (True, False):
        work.begin(a_plan("a"), Config())
        (tmp_path / "run").mkdir()
        work.end(keep_run=keep_run)
        assert (tmp_path / "run").exists() == keep_run
    (tmp_path / "run").mkdir()
    work.begin(a_plan("a"), Config())
    assert not (tmp_path / "run").exists()


def test_a_folder_of_other_things_is_no_work_folder(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty .*nightly runs"):
        WorkFolder(str(tmp_path))


@pytest.mark.parametrize("name", ["plan.json", "nights/2026-11-27T12-00-00Z.json"])
def test_damaged_plans_and_records_are_named(tmp_path, name):
    work = WorkFolder(str(tmp_path))
    (tmp_path / "nights").mkdir()
    (tmp_path / name).write_text("{")
    with pytest.raises(UserError, match=f"{re.escape(name)} is damaged"):
        work.plan() if name == "plan.json" else work.records()


def test_a_nightly_run_is_named_for_when_it_began():
    assert began_at(name_of(NOON)) == NOON
    assert name_of(NOON) < name_of(NOON.replace(hour=13))


def test_the_newest_records_come_last(tmp_path):
    work = WorkFolder(str(tmp_path))
    for hour in (13, 12, 14):
        work.write_record(
            a_record(finished_at=NOON.replace(hour=hour), night=name_of(NOON.replace(hour=hour)))
        )
    assert [record.finished_at.hour for record in work.records(2)] == [13, 14]
    work.write_record(a_record(night=name_of(NOON.replace(hour=14)), outcome="failed"))
    assert [record.outcome for record in work.records()] == ["published", "published", "failed"]


def a_record(**changes) -> Record:
    facts = {
        "night": name_of(NOON),
        "model": "news",
        "outcome": "published",
        "finished_at": NOON,
        "seconds": 60.0,
        "version": "v4",
        "files": 2,
        "input_bytes": 1000,
        "tokens": 200,
        "words": 30,
        "new_words": 3,
        "known_tokens": 0.9,
        "held_out_loss": 0.25,
        "neighbor_overlap": 0.7,
        "scores": {"wordsim353": 0.6},
        "stage_seconds": {"tokens": 1.5},
    }
    return Record(**(facts | changes))


# The gate


OPEN = GateConfig(
    max_drop=None, max_loss_rise=None, min_known_tokens=None, max_new_words=None, min_neighbor_overlap=None
)
GOOD = GateFacts(
    scores={"a": 0.6},
    drops={"a": (0.01, (-0.02, 0.04))},
    held_out_loss=0.25,
    loss_rise=-0.1,
    known_tokens=0.9,
    new_words=0.1,
    neighbor_overlap=0.6,
)


def test_a_good_candidate_passes_every_check():
    config = GateConfig(min_scores={"a": 0.5}, max_heldout_loss=0.3, min_neighbor_overlap=0.5)
    verdict = evaluate_gate(GOOD, config)
    assert verdict.passed
    assert [check.name for check in verdict.checks] == [
        "score of a",
        "drop of a",
        "held-out loss",
        "rise of the held-out loss",
        "known tokens",
        "new words",
        "neighbour overlap",
    ]


@pytest.mark.parametrize(
    ("bound", "name"),
    [
        ({"min_scores": {"a": 0.61}}, "score of a"),
        ({"max_heldout_loss": 0.24}, "held-out loss"),
        ({"max_loss_rise": -0.2}, "rise of the held-out loss"),
        ({"min_known_tokens": 0.91}, "known tokens"),
        ({"max_new_words": 0.09}, "new words"),
        ({"min_neighbor_overlap": 0.61}, "neighbour overlap"),
    ],
)
def test_each_bound_alone_stops_a_candidate_beyond_it(bound, name):
    verdict = evaluate_gate(GOOD, OPEN.model_copy(update=bound))
    assert not verdict.passed
    (failed,) = (check for check in verdict.checks if not check.passed)
    assert [check.name for check in verdict.checks] == [name]
    assert str(next(iter(bound.values())) if name != "score of a" else 0.61) in str(failed)


def test_a_candidate_at_its_bounds_passes():
    bounds = {
        "min_scores": {"a": 0.6},
        "max_heldout_loss": 0.25,
        "max_loss_rise": -0.1,
        "min_known_tokens": 0.9,
        "max_new_words": 0.1,
        "min_neighbor_overlap": 0.6,
    }
    assert evaluate_gate(GOOD, OPEN.model_copy(update=bounds)).passed


@pytest.mark.parametrize(("low", "passed"), [(0.019, True), (0.02, True), (0.021, False)])
def test_a_drop_counts_where_its_whole_interval_is_beyond_the_bound(low, passed):
    facts = GateFacts(drops={"a": (0.05, (low, 0.08))})
    assert evaluate_gate(facts, OPEN.model_copy(update={"max_drop": 0.02})).passed == passed


def test_a_score_that_is_not_defined_does_not_pass():
    config = OPEN.model_copy(update={"min_scores": {"a": -1.0}})
    assert not evaluate_gate(GateFacts(scores={"a": None}), config).passed


def test_a_first_version_is_not_compared():
    facts = GateFacts(scores={"a": 0.6}, held_out_loss=0.25, has_current=False)
    verdict = evaluate_gate(facts, GateConfig(min_scores={"a": 0.5}))
    assert verdict.passed
    assert "no current version" in str(verdict.checks[-1])
    assert not evaluate_gate(facts, GateConfig(min_scores={"a": 0.7})).passed


def test_a_nightly_run_too_small_to_hold_rows_out_is_not_refused_for_it():
    (check,) = evaluate_gate(GateFacts(loss_rise=None), OPEN.model_copy(update={"max_loss_rise": 0.0})).checks
    assert check.passed
    assert "none was held out" in str(check)


@pytest.mark.parametrize("key", ["min_known_tokens", "max_new_words", "min_neighbor_overlap"])
def test_a_comparison_that_cannot_be_made_with_a_current_version_does_not_pass(key):
    assert not evaluate_gate(GateFacts(), OPEN.model_copy(update={key: 0.5})).passed


def test_a_bound_on_a_set_that_is_not_evaluated_is_refused():
    config = GateConfig(min_scores={"a": 0.5, "b": 0.5})
    with pytest.raises(UserError, match=r"names b, .*\(a is\)"):
        require_sets(config, EvaluateConfig(similarity=("a",)))
    require_sets(config, EvaluateConfig(similarity=("a",), analogies=("b",)))


# Metrics


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_tell_the_last_success_beside_a_later_failure():
    failed = a_record(outcome="failed", finished_at=NOON.replace(hour=13), seconds=5.0, version=None)
    told = values(exposition([a_record(), failed], "news", NOON.replace(hour=14)))
    assert told['w2v_night_last_success_timestamp_seconds{model="news"}'] == NOON.timestamp()
    assert told['w2v_night_last_end_timestamp_seconds{model="news"}'] == NOON.timestamp() + 3600
    assert told['w2v_night_last_check_timestamp_seconds{model="news"}'] == NOON.timestamp() + 7200
    assert told['w2v_night_last_outcome{model="news",outcome="failed"}'] == 1
    assert told['w2v_night_last_outcome{model="news",outcome="published"}'] == 0
    assert told['w2v_model_version_info{model="news",version="v4"}'] == 1
    assert told['w2v_night_score{model="news",set="wordsim353"}'] == 0.6
    assert told['w2v_night_tokens{model="news"}'] == 200


def test_metrics_are_of_prometheus_format():
    name = 'a "b"\\\nc'
    text = exposition([a_record(model=name, scores={"서울.tsv": None, "x": 0.5})], name, NOON)
    sample = re.compile(r'[a-z0-9_]+\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\} -?[0-9.e+-]+')
    names = []
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            names.append(line.split()[2])
        assert line.startswith("# ") or sample.fullmatch(line), line
    assert len(set(names)) == len(names)
    assert "서울.tsv" not in text
    assert text.endswith("\n")


def test_there_are_metrics_before_the_first_nightly_run():
    assert list(values(exposition([], "news", NOON))) == [
        'w2v_night_last_check_timestamp_seconds{model="news"}'
    ]


def test_a_record_is_read_as_it_was_written(tmp_path):
    work = WorkFolder(str(tmp_path))
    work.write_record(a_record(refused_by=("한글",)))
    assert work.records() == [a_record(refused_by=("한글",))]
    assert json.loads((tmp_path / "nights" / f"{name_of(NOON)}.json").read_text())["tokens"] == 200
