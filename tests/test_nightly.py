"""Nights from files to a version, what they read, publish, refuse and go on with."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from w2v_core import WordVectors
from w2v_core.cli.commands.nightly import nightly
from w2v_core.cli.commands.shards import shards
from w2v_core.cli.commands.status import status
from w2v_core.cli.commands.tokenize import tokenize
from w2v_core.cli.commands.train import train
from w2v_core.cli.commands.vocab import vocab
from w2v_core.cli.renderers import RENDERERS
from w2v_core.console.log import show_log
from w2v_core.errors import UserError
from w2v_core.locking.lease import LeaseHeldError, acquire
from w2v_core.nightly.gate import GateRefused
from w2v_core.nightly.work import WorkFolder
from w2v_core.pipeline import nightly as nightly_module
from w2v_core.pipeline import run as run_pipeline
from w2v_core.pipeline.evaluate import evaluate_vectors
from w2v_core.registry.store import ModelStore

FIRST = "the king and the queen rule the old land\n서울 은 한국 의 수도 이다\nthe cat sees the king\n" * 30
SECOND = (
    "the queen sees the cat and a dog\nthe dog chases the mouse in 서울\nthe mouse fears the old king\n" * 20
)
THIRD = "the dog and the cat rule the old land\na mouse sees 한국\n" * 20
ALIEN = "lorem ipsum dolor sit amet\nconsectetur adipiscing elit sed do\n" * 40
SETTINGS = (
    "vocab.min_count=3",
    "vocab.sample=0.05",
    "shards.window=2",
    "train.sg=1",
    "train.epochs=1",
    "train.vector_size=8",
    "train.workers=1",
    "gate.min_neighbor_overlap=0.0",
    "gate.max_loss_rise=1.0",
    "gate.max_drop=2.0",
    "night.predict=false",
)


class Model:
    """A model's folders under one temporary one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.arriving = folder, folder / "도착 arriving"
        self.arriving.mkdir()
        self.pairs = folder / "pairs.tsv"
        self.pairs.write_text("king\tqueen\t9\ncat\tking\t3\nland\tking\t4\nold\tcat\t2\n")
        self.store = ModelStore(str(folder / "store")).model("소식")
        self.work = WorkFolder(str(folder / "work"))

    def arrive(self, name: str, text: str) -> Path:
        path = self.arriving / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *settings: str, **options) -> None:
        nightly(
            store=str(self.folder / "store"),
            name="소식",
            work=str(self.folder / "work"),
            input=[str(self.arriving)],
            similarity=[str(self.pairs)],
            set_=[*SETTINGS, *settings],
            **options,
        )

    @property
    def current(self) -> str:
        version = self.store.current()
        return version.name if version else ""

    def counts(self, version: str) -> dict[str, int]:
        folder = self.folder / "store" / "소식" / version / "vocab"
        tables = [pq.read_table(path) for path in (folder / "vocab.parquet", *folder.glob("rare-*.parquet"))]
        return {
            word: count
            for table in tables
            for word, count in zip(table["token"].to_pylist(), table["count"].to_pylist(), strict=True)
        }


@pytest.fixture
def model(tmp_path) -> Model:
    show_log(RENDERERS)  # as the command does
    return Model(tmp_path)


def words_of(text: str) -> list[str]:
    return text.split()


def test_nightly_runs_add_up_to_one_pass_and_ids_stay(model):
    texts = {"a.txt": FIRST, "나.txt": SECOND, "c.txt": THIRD}
    seen: list[str] = []
    tokens: list[str] = []
    for number, (name, text) in enumerate(texts.items(), start=1):
        model.arrive(name, text)
        model.run()
        assert model.current == f"v{number}"
        seen += words_of(text)
        assert model.counts(model.current) == {word: seen.count(word) for word in set(seen)}
        vectors = WordVectors.load(f"{model.folder}/store/소식@current")
        assert vectors.tokens[: len(tokens)] == tokens
        tokens = vectors.tokens
    assert {"dog", "한국"} <= set(tokens)
    assert [record.based_on for record in model.work.records()] == [None, "v1", "v2"]
    assert all(record.scores for record in model.work.records())
    assert not (model.folder / "work" / "run").exists()
    assert not model.work.lease.sizes()


def test_a_nightly_run_starts_from_the_current_vectors(model):
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", "the dog the dog the dog\n" * 10)  # nothing of Seoul
    model.run("gate.min_known_tokens=0.0", "train.negative=1")
    before, after = (WordVectors.load(f"{model.folder}/store/소식@v{n}") for n in (1, 2))
    assert np.array_equal(before["한국"], after["한국"])
    assert not np.array_equal(before["the"], after["the"])


def test_the_same_again_does_nothing(model, monkeypatch, capsys):
    model.arrive("a.txt", FIRST)
    model.run()
    monkeypatch.setattr(nightly_module, "run_pipeline", None)  # nothing is made
    model.run(json_=True)
    out, err = capsys.readouterr()
    assert json.loads(out) == {"nothing_to_do": True, "version": "v1"}
    assert err.endswith("nightly: nothing is new since v1\n")
    assert model.current == "v1"


def test_the_gate_keeps_current_and_the_candidate(model, monkeypatch, capsys):
    model.arrive("a.txt", FIRST)
    model.run()
    bad = model.arrive("b.txt", ALIEN)
    with pytest.raises(GateRefused, match=r"v2, .*v1: known tokens: 0\.0000 .*0\.5"):
        model.run()
    assert GateRefused.exit_code == 3
    assert model.current == "v1"
    candidate = model.store.version("v2")
    assert candidate.record.state == "rejected"
    assert "ipsum" in WordVectors.load(f"{candidate.location}/vectors")
    verdict = json.loads(candidate.folder.read("verdict.json"))
    assert [check["name"] for check in verdict["checks"] if not check["passed"]] == ["known tokens"]
    assert [record.outcome for record in model.work.records()] == ["published", "refused"]
    # Nothing is trained again for the same answer.
    with monkeypatch.context() as patch:
        patch.setattr(nightly_module, "run_pipeline", None)
        with pytest.raises(GateRefused, match="rejected before, .*nothing is new"):
            model.run()
    # Whoever mends it goes on from current, or lets it pass.
    model.run("gate.min_known_tokens=0.0", "gate.max_new_words=9")
    assert model.current == "v3"
    bad.unlink()
    model.run()
    assert model.current == "v3"


def test_what_was_refused_is_judged_again_with_something_new(model):
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", ALIEN)
    with pytest.raises(GateRefused, match="v2, and current stays v1"):
        model.run()
    model.arrive("c.txt", THIRD * 9)
    model.run()
    assert model.current == "v3"
    assert model.counts("v3")["ipsum"] == 40


def test_a_refused_candidate_may_be_promoted(model):
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", ALIEN)
    with pytest.raises(GateRefused):
        model.run()
    model.store.promote("v2")
    model.run()  # what it read is read
    model.arrive("c.txt", THIRD)
    model.run("gate.min_known_tokens=0.0")
    assert model.current == "v3"
    assert model.counts("v3")["ipsum"] == 40


STEPS = ("tokenize_corpus", "make_vocab", "make_shards", "train_vectors", "evaluate_vectors", "write_report")


@pytest.mark.parametrize("step", STEPS)
def test_a_nightly_run_that_was_cut_off_goes_on_with_its_files(model, monkeypatch, capsys, step):
    model.arrive("a.txt", FIRST)

    def cut_off(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_pipeline, step, cut_off)
        with pytest.raises(KeyboardInterrupt):
            model.run()
    assert model.work.records() == []
    model.arrive("b.txt", SECOND)
    capsys.readouterr()
    model.run()
    err = capsys.readouterr().err
    assert "continues, with 1 file" in err
    done = [f"{stage}: up to date" in err for stage in ("tokens", "vocab", "shards", "vectors")]
    assert done == [STEPS.index(step) > place for place in range(4)]
    assert "dog" not in WordVectors.load(f"{model.folder}/store/소식@v1")
    model.run()
    assert "dog" in WordVectors.load(f"{model.folder}/store/소식@v2")


def test_a_nightly_run_that_was_cut_off_after_publishing_publishes_once(model, monkeypatch):
    model.arrive("a.txt", FIRST)

    def cut_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(WorkFolder, "write_record", cut_off)
        with pytest.raises(KeyboardInterrupt):
            model.run()
    assert model.current == "v1"
    monkeypatch.setattr(nightly_module, "run_pipeline", None)
    model.run()
    assert [version.name for version in model.store.versions()] == ["v1"]
    assert [(record.version, record.outcome) for record in model.work.records()] == [("v1", "published")]
    assert model.work.plan() is None


def test_another_nightly_run_is_refused_while_one_is_at_work(model):
    model.arrive("a.txt", FIRST)
    acquire(model.work.lease, "a nightly run of 소식", 60, owner="the first")
    with pytest.raises(LeaseHeldError, match="the first"):
        model.run()
    assert LeaseHeldError.exit_code == 4
    assert model.current == ""


@pytest.mark.parametrize("path", ["/dev/null", "/tmp", "metrics/"])
def test_metrics_replace_nothing_but_a_file(model, path):
    with pytest.raises(UserError, match="--metrics-file .* is a folder"):
        model.run(metrics_file=path)


def test_a_failure_is_recorded_and_the_lease_given_back(model, monkeypatch, capsys):
    model.arrive("a.txt", FIRST)

    def fail(*_):
        raise RuntimeError("the cluster is gone")

    metrics = model.folder / "metrics" / "소식.prom"
    with monkeypatch.context() as patch:
        patch.setattr(run_pipeline, "make_shards", fail)
        with pytest.raises(RuntimeError):
            model.run(metrics_file=str(metrics))
    (record,) = model.work.records()
    assert (record.outcome, record.error, record.tokens) == (
        "failed",
        "the cluster is gone",
        len(FIRST.split()),
    )
    assert 'w2v_night_last_outcome{model="소식",outcome="failed"} 1.0' in metrics.read_text()
    capsys.readouterr()
    status(work=str(model.folder / "work"))
    told = capsys.readouterr().err
    assert "failed: the cluster is gone" in told
    assert "is under way, or was stopped" in told
    model.run(metrics_file=str(metrics))
    assert [record.outcome for record in model.work.records()] == ["published"]
    assert 'w2v_night_last_outcome{model="소식",outcome="published"} 1.0' in metrics.read_text()


def test_status_of_a_folder_that_is_not_there_is_refused(w2v, tmp_path):
    code, out, err = w2v("status", "--work", str(tmp_path / "wrok"))
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {tmp_path}/wrok does not exist; set --work to")
    assert w2v("status", "--work", str(tmp_path))[::2] == (0, f"no nightly run has ended in {tmp_path}\n")


def test_status_counts_no_files_of_a_nightly_run_that_failed_before_it_had_any(w2v, model):
    with pytest.raises(UserError):
        model.run(more_inputs=["table:texts"])
    (line,) = [line for line in w2v("status", "--work", model.work.location)[2].splitlines() if "Z  " in line]
    assert line.split()[1:] == ["failed", "0.0"]


def test_nightly_runs_of_one_moment_have_two_names(model, monkeypatch):
    class Stopped(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime(2026, 11, 27, tzinfo=UTC)

    monkeypatch.setattr(nightly_module, "datetime", Stopped)
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", SECOND)
    model.run()
    assert [record.version for record in model.work.records()] == ["v1", "v2"]
    assert "dog" in WordVectors.load(f"{model.folder}/store/소식@current")


def test_files_that_changed_are_refused_or_read_again(model):
    path = model.arrive("a.txt", FIRST)
    model.run()
    path.write_text(SECOND, encoding="utf-8")
    with pytest.raises(UserError, match=r"1 files .*v1 .*a\.txt"):
        model.run()
    assert model.current == "v1"
    model.run("night.changed_files=add")
    assert model.counts("v2")["king"] == FIRST.split().count("king") + SECOND.split().count("king")


def test_late_files_are_read_and_copies_are_not(model, capsys):
    model.arrive("b.txt", FIRST)
    model.run()
    late = model.arrive("a.txt", SECOND)
    os.utime(late, (0, 0))
    model.arrive("copy of b.txt", FIRST)
    model.arrive("empty.txt", "")
    capsys.readouterr()
    model.run()
    err = capsys.readouterr().err
    assert "1 files of content that was read already are skipped, first" in err
    assert "1 empty files are skipped" in err
    assert model.counts("v2")["king"] == FIRST.split().count("king") + SECOND.split().count("king")
    ledger = json.loads(model.store.version("v2").folder.read("inputs.json"))
    assert [Path(file["location"]).name for file in ledger] == ["b.txt", "a.txt"]


def test_a_file_that_changes_while_it_is_read_is_never_published(model, monkeypatch):
    path = model.arrive("a.txt", FIRST)
    report = run_pipeline.write_report

    def write(*arguments):
        report(*arguments)
        path.write_text(SECOND, encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr(run_pipeline, "write_report", write)
        with pytest.raises(UserError, match=r"a\.txt has changed since"):
            model.run()
    assert model.current == ""
    model.run()
    assert "dog" in WordVectors.load(f"{model.folder}/store/소식@current")


def test_a_nightly_run_whose_base_is_no_longer_current_begins_anew(model, monkeypatch, capsys):
    for name, text in (("a.txt", FIRST), ("b.txt", SECOND)):
        model.arrive(name, text)
        model.run()
    model.arrive("c.txt", THIRD)

    def cut_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_pipeline, "make_shards", cut_off)
        with pytest.raises(KeyboardInterrupt):
            model.run()
    model.store.rollback()
    capsys.readouterr()
    model.run()
    assert "it started from v2 and current is v1 now" in capsys.readouterr().err
    assert model.current == "v3"
    assert model.store.current().record.based_on == "v1"
    everything = (
        FIRST + SECOND + THIRD
    ).split()  # what the version that was rolled back had read is read again
    assert model.counts("v3") == {word: everything.count(word) for word in set(everything)}


@pytest.mark.slow
def test_what_was_planned_is_recorded_beside_what_came(model):
    for name, text in (("a.txt", FIRST), ("b.txt", SECOND)):
        model.arrive(name, text)
        model.run("night.predict=true")
    first, second = model.work.records()
    rows = {row["what"]: row for row in first.predicted}
    assert rows["counts.tokens"]["actual"] == first.tokens
    assert rows["counts.tokens"]["predicted"] == pytest.approx(first.tokens, rel=0.1)
    assert {"counts.words", "seconds.vectors", "bytes.shards"} <= rows.keys()
    assert "counts.words" not in {row["what"] for row in second.predicted}
    assert second.predicted


def test_a_tracking_server_is_told_of_each_nightly_run_and_stops_none(model, monkeypatch):
    pytest.importorskip("mlflow", reason="MLflow's client is not installed")
    told = []
    monkeypatch.setattr(
        nightly_module, "log_run", lambda *given, tags: told.append((given[0], given[1], tags))
    )
    model.arrive("a.txt", FIRST)
    model.run(mlflow="http://localhost:1")
    (name,) = [record.night for record in model.work.records()]
    assert told == [("http://localhost:1", "소식", {"night": name, "outcome": "published", "version": "v1"})]
    with pytest.raises(UserError, match="--mlflow = localhost .*URI"):
        model.run(mlflow="localhost")


def test_a_scheduler_runs_the_stages_itself(model, capsys):
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", SECOND)
    capsys.readouterr()
    model.run(only="begin", owner="run 7", json_=True)
    told = json.loads(capsys.readouterr().out)
    assert told["nothing_to_do"] is False
    with pytest.raises(LeaseHeldError, match="run 7"):
        model.run()
    model.run(only="begin", owner="run 7", json_=True)  # a retry
    assert json.loads(capsys.readouterr().out)["night"] == told["night"]
    settings = {"run_dir": told["run_dir"], "config": told["config"]}
    tokenize(**settings, input_list=told["inputs"])
    vocab(**settings)
    shards(**settings)
    train(**settings)
    run_evaluate_task(told)
    model.run(only="finish", owner="run 7", json_=True)
    assert json.loads(capsys.readouterr().out)["version"] == "v2"
    assert model.current == "v2"
    assert not model.work.lease.sizes()
    assert model.work.records()[-1].neighbor_overlap is not None
    model.run(only="begin", owner="run 8", json_=True)
    assert json.loads(capsys.readouterr().out)["nothing_to_do"] is True
    assert not model.work.lease.sizes()


def run_evaluate_task(told: dict) -> None:
    from w2v_core.config import load_config
    from w2v_core.runs.run_directory import RunDir

    evaluate_vectors(RunDir.open(told["run_dir"]), load_config(told["config"]), told["against"])


def test_a_beginning_that_failed_holds_nobody_up(model):
    path = model.arrive("a.txt", FIRST)
    model.run()
    path.write_text(SECOND, encoding="utf-8")
    with pytest.raises(UserError, match="have changed, first"):
        model.run(only="begin", owner="run 7")
    assert not model.work.lease.sizes()


def test_a_scheduler_that_asks_again_hears_how_the_run_ended(model, capsys):
    with pytest.raises(UserError, match="no nightly run has begun"):
        model.run(only="finish", owner="run 1")
    model.arrive("a.txt", FIRST)
    model.run()
    capsys.readouterr()
    model.run(only="finish", owner="run 1", json_=True)
    assert json.loads(capsys.readouterr().out)["version"] == "v1"
    model.arrive("b.txt", ALIEN)
    with pytest.raises(GateRefused):
        model.run()
    with pytest.raises(GateRefused, match="rejected v2"):
        model.run(only="finish", owner="run 1")


def test_an_empty_folder_is_nothing_to_do_and_a_missing_one_a_mistake(model, capsys):
    model.run(json_=True)
    out, err = capsys.readouterr()
    assert json.loads(out) == {"nothing_to_do": True, "version": None}
    assert "there is nothing to read yet" in err
    assert model.work.records() == []
    model.arriving.rmdir()
    with pytest.raises(UserError, match="does not exist; .*--input"):
        model.run()


def test_what_was_rolled_back_is_not_made_again_by_itself(model, monkeypatch):
    for name, text in (("a.txt", FIRST), ("b.txt", SECOND)):
        model.arrive(name, text)
        model.run()
    model.store.rollback()
    with monkeypatch.context() as patch:
        patch.setattr(nightly_module, "run_pipeline", None)
        with pytest.raises(GateRefused, match="not current, .*nothing is new"):
            model.run()
    assert model.current == "v1"
    model.arrive("c.txt", THIRD)
    model.run()
    assert model.store.current().record.based_on == "v1"


def test_one_work_folder_is_of_one_model(model):
    model.arrive("a.txt", FIRST)
    model.run()
    model.store = ModelStore(str(model.folder / "store")).model("other")
    with pytest.raises(UserError, match=r"소식.*other"):
        nightly(
            store=str(model.folder / "store"),
            name="other",
            work=str(model.folder / "work"),
            input=[str(model.arriving)],
        )
    assert len(model.work.records()) == 1


def test_a_nightly_run_that_makes_what_was_rolled_back_does_not_call_it_current(model, capsys):
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", SECOND)
    model.run()
    model.store.rollback()
    capsys.readouterr()
    model.run(fresh=True)
    told = capsys.readouterr().err
    assert model.current == "v1"
    assert "v2 is current" not in told
    assert "v2 holds the same already and was current before, so current stays v1" in told


def test_finishing_before_the_stages_are_made_is_refused(model):
    model.arrive("a.txt", FIRST)
    model.run(only="begin", owner="run 7")
    with pytest.raises(UserError, match="run is empty; .*--only begin"):
        model.run(only="finish", owner="run 7")
    with pytest.raises(UserError, match="needs --owner"):
        model.run(only="finish")
    with pytest.raises(UserError, match="--only 'middle'"):
        model.run(only="middle", owner="run 7")


def test_vectors_may_be_laid_along_the_axes_of_current(model):
    model.arrive("a.txt", FIRST)
    model.run()
    model.arrive("b.txt", SECOND)
    model.run("night.align=true")
    assert model.store.version("v2").record.aligned_to["version"] == "v1"
    assert model.store.verify("v2") == []


def test_old_versions_go(model):
    for number in range(4):
        model.arrive(f"{number}.txt", FIRST + f"word{number} " * 5)
        model.run("night.keep_versions=2", "gate.min_known_tokens=0.0")
    assert [version.name for version in model.store.versions()] == ["v3", "v4"]
    ledger = json.loads(model.store.version("v4").folder.read("inputs.json"))
    assert len(ledger) == 4


@pytest.mark.parametrize("setting", ["vocab.extend=v", "vocab.merge=v", "train.init_vectors=v"])
def test_what_a_nightly_run_decides_is_not_for_settings(model, setting):
    with pytest.raises(UserError, match=rf"{setting.partition('=')[0]} = v: expected no value"):
        model.run(setting)


def test_a_model_that_was_published_by_hand_has_no_ledger_to_build_on(model, make_run, corpus):
    model.store.publish(make_run(corpus))
    model.arrive("a.txt", FIRST)
    with pytest.raises(UserError, match=r"no inputs\.json, the list of files"):
        model.run()


def test_tables_are_refused(model):
    with pytest.raises(UserError, match="^input table:texts: a nightly run reads files"):
        model.run(more_inputs=["table:texts"])


def test_nightly_runs_stay_in_order_where_the_clock_is_set_back(model, monkeypatch):
    """The second begins, by its clock, two days before the first, and ends earlier than it began."""
    model.arrive("a.txt", FIRST)
    model.run()
    moments = [datetime.now(UTC) - timedelta(days=2), datetime.now(UTC) - timedelta(days=2, hours=1)]

    class SetBack(datetime):
        @classmethod
        def now(cls, tz=None):
            return moments.pop(0) if len(moments) > 1 else moments[0]

    monkeypatch.setattr(nightly_module, "datetime", SetBack)
    model.arrive("b.txt", SECOND)
    model.run()
    first, second = model.work.records()
    assert (first.version, second.version) == ("v1", "v2")
    assert second.seconds == 0.0
    assert model.work.records(1) == [second]
    assert model.current == "v2"
