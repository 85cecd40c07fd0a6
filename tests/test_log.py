"""--log-format json: standard error is one JSON object a line, whatever happens."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.cli import __main__ as main_module
from w2v_core.console import log as _log
from w2v_core.io.credentials import without_secrets
from w2v_core.io.events import LOGGER, JsonFormatter, bind_stage, log_event
from w2v_core.runs.artifacts import STAGES
from w2v_core.runs.run_directory import RunDir

ROOT = Path(__file__).parents[1]
ALWAYS = {"time", "level", "event", "message"}
SECRET = "wJalrXUtnFEMI7MDENG"


@pytest.fixture
def told(monkeypatch, capsys):
    """Runs `w2v ARGUMENTS…`: (exit code, the objects on standard error); each line must be one."""

    def run(*arguments: str) -> tuple[int, list[dict]]:
        monkeypatch.setattr(sys, "argv", ["w2v", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main_module.main()
        return int(ended.value.code or 0), parsed(capsys.readouterr().err)

    yield run
    _log.choose_format([], {})


def parsed(text: str) -> list[dict]:
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert line.keys() >= ALWAYS
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
        datetime.fromisoformat(line["time"])
    return lines


def only(lines: list[dict], event: str) -> list[dict]:
    return [line for line in lines if line["event"] == event]


def run_command(corpus: Path, run_dir: Path, *more: str) -> list[str]:
    settings = ["train.epochs=2", "train.workers=1", "vocab.sample=0"]
    sets = [word for setting in settings for word in ("--set", setting)]
    return ["run", "--run-dir", str(run_dir), "--input", str(corpus), *sets, *more]


def test_a_run_tells_what_its_manifests_say(told, corpus, tmp_path):
    (tmp_path / "p.csv").write_text("king,queen,9\nking,cat,1\nking,mouse,3\n")
    similarity = ["--similarity", str(tmp_path / "p.csv")]
    command = run_command(corpus, tmp_path / "런", *similarity)
    code, lines = told("--log-format", "json", *command)
    assert code == 0
    assert {line["run"] for line in lines} == {str(tmp_path / "런")}
    run = RunDir.open(str(tmp_path / "런"))
    finished = only(lines, "stage_finished")
    assert [line["stage"] for line in finished] == [stage for stage in STAGES if stage != "phrases"]
    for line in finished:
        manifest = json.loads(run.stage(line["stage"]).read("manifest.json") or b"")
        assert {key: line[key] for key in ("seconds", "tokens", "counters")} == {
            key: manifest[key] for key in ("seconds", "tokens", "counters")
        }
        assert line["bytes"] == sum(file["bytes"] for file in manifest["files"])
        assert line["files"] == len(manifest["files"])
    last = only(lines, "training_progress")[-1]
    assert last["stage"] == "vectors"
    assert last["rows"] == last["total_rows"] == run.require("vectors").counters["rows"]
    assert last.keys() >= {"loss", "held_out_loss", "alpha", "rows_per_second", "epoch"}
    assert only(lines, "progress")[-1].keys() >= {"job", "tasks", "total_tasks", "seconds"}
    (scores,) = only(lines, "scores")
    assert (scores["kind"], scores["covered"]) == ("similarity", 3)
    (end,) = only(lines, "run_finished")
    assert "stage" not in end
    code, lines = told(*command, "--log-format=json")
    assert code == 0
    assert len(only(lines, "stage_up_to_date")) == 5
    assert only(lines, "run_finished")[0]["made"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vocab", "--run-dir", "{tmp}/absent"], "absent is not a run directory"),
        (["train", "--run-dir", "{tmp}/r", "--set", "train.epoch=1"], "Did you mean epochs?"),
        (["neighbors", "--run-dir", "{tmp}/a\n\u2028\x85b", "x"], "is not a run directory"),
        (["train"], "Missing option '--run-dir'"),
        (["train", "--nosuch"], "No such option: --nosuch"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["vocab", "--run-dir", f"s3://KEY:{SECRET}@bucket/run"], "holds credentials"),
    ],
)
@pytest.mark.parametrize("how", ["before", "after", "environment"])
def test_a_command_that_fails_tells_the_exit_code(told, monkeypatch, tmp_path, arguments, message, how):
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    option = ["--log-format", "json"]
    if how == "environment":
        monkeypatch.setenv("W2V_LOG_FORMAT", "json")
    elif how == "before":
        arguments = option + arguments
    else:
        arguments = [arguments[0], *option, *arguments[1:]]
    code, (line,) = told(*arguments)
    assert (code, line["event"], line["level"], line["exit_code"]) == (2, "error", "error", 2)
    assert message in line["message"]
    assert not line["message"].startswith("error")
    assert SECRET not in json.dumps(line)


def test_an_error_names_the_stage_that_it_ended(told, corpus, tmp_path):
    command = run_command(corpus, tmp_path / "r", "--set", "vocab.min_count=100000")
    code, lines = told("--log-format", "json", *command)
    assert code == 2
    assert lines[-1]["event"] == "error"
    assert lines[-1]["stage"] == "vocab"


def test_a_fault_of_ours_has_its_traceback_in_a_field(told, monkeypatch, tmp_path):
    def fail(*_):
        raise ZeroDivisionError(f"at hdfs://user:{SECRET}@host/x")

    monkeypatch.setattr("w2v_core.cli.commands.run.find_inputs", fail)
    code, (line,) = told("--log-format", "json", "run", "--run-dir", str(tmp_path / "r"), "--input", "x")
    assert (code, line["exit_code"]) == (1, 1)
    assert line["message"] == "ZeroDivisionError: at hdfs://…@host/x"
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert SECRET not in json.dumps(line)


def test_a_form_that_is_none_is_refused(told, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["w2v", "--log-format", "xml", "train", "--run-dir", "x"])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == 2
    told = capsys.readouterr().err.replace("│", " ")  # the frame that Rich draws, and breaks lines in
    assert "'xml' is not one of 'text', 'json'" in " ".join(told.split())


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_script_takes_it_too(tmp_path, how):
    option = ["--log-format", "json"] if how == "option" else []
    environment = os.environ | ({} if option else {"W2V_LOG_FORMAT": "json"})
    script = [sys.executable, "-m", "w2v_core.cli", "train", "--run-dir", str(tmp_path / "absent"), *option]
    done = subprocess.run(script, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    assert done.returncode == 2
    (line,) = parsed(done.stderr)
    assert line["run"] == str(tmp_path / "absent")


@pytest.mark.spark
@pytest.mark.slow
def test_what_java_says_is_an_event_too(corpus, tmp_path):
    command = [
        sys.executable,
        "-m",
        "w2v_core.cli",
        "tokenize",
        "--run-dir",
        str(tmp_path / "r"),
        "--input",
        str(corpus),
    ]
    options = ["--set", "spark.master=local[1]", "--log-format", "json"]
    # Java says on standard error that it has picked these options up.
    environment = os.environ | {"JAVA_TOOL_OPTIONS": "-Dw2v.test=1"}
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    lines = parsed(done.stderr)
    assert any("JAVA_TOOL_OPTIONS" in line["message"] for line in only(lines, "spark"))
    assert only(lines, "stage_finished")[0]["tokens"]["read"] > 0


def test_answers_stay_on_standard_output(monkeypatch, capsys, make_run, corpus):
    run = make_run(corpus)
    monkeypatch.setattr(
        sys, "argv", ["w2v", "--log-format", "json", "neighbors", "--run-dir", run.location, "king", "--json"]
    )
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main_module.main()
    out, err = capsys.readouterr()
    assert (list(json.loads(out)), err) == (["king"], "")
    _log.choose_format([], {})


@pytest.mark.usefixtures("console_log")
@given(st.text(), st.floats(), st.lists(st.text()))
def test_any_text_and_number_is_one_line_that_parses(text, number, names):
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr(_log.sys, "stderr", type("S", (), {"write": written.append, "flush": lambda: None}))
        _log.choose_format(["--log-format=json"], {})
        try:
            log_event(text, "x", number=number, names=names)
        finally:
            _log.choose_format([], {})
    (line,) = parsed("".join(written))
    assert line["number"] == number or line["number"] is None


def test_a_service_gets_json_lines_from_a_handler_of_its_own():
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    LOGGER.addHandler(handler)
    try:
        with bind_stage("vocab"):
            log_event("warned", "unused_setting", "warning", value=float("nan"))
        LOGGER.warning("of %s code", "other")
    finally:
        LOGGER.removeHandler(handler)
    ours, other = parsed(stream.getvalue())
    assert ours | {"time": ""} == {
        "time": "",
        "level": "warning",
        "event": "unused_setting",
        "message": "warned",
        "stage": "vocab",
        "value": None,
    }
    assert (other["event"], other["message"]) == ("message", "of other code")


@pytest.mark.usefixtures("console_log")
def test_a_signal_may_log_while_a_line_is_written(monkeypatch):
    """As Ctrl-C in training does: its handler runs between two instructions of the thread that writes."""
    written: list[str] = []

    def write(line: str) -> None:
        written.append(line)
        if len(written) == 1:
            signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: log_event("stopping"))
    monkeypatch.setattr(_log.sys, "stderr", type("S", (), {"write": write, "flush": lambda: None}))
    _log.choose_format(["--log-format=json"], {})
    try:
        log_event("working")
    finally:
        _log.choose_format([], {})
        signal.signal(signal.SIGUSR1, before)
    assert [line["message"] for line in parsed("".join(written))] == ["working", "stopping"]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("look at s3://k:v@bucket/run: it is gone", "look at s3://…@bucket/run: it is gone"),
        ("two: s3://bucket/a, hdfs://u:p@h/b.", "two: s3://bucket/a, hdfs://…@h/b."),
        ("s3://bucket: no such bucket", "s3://bucket: no such bucket"),
        ("-Dspark.hadoop.fs.s3a.secret.key=abc -Dx=1", "-Dspark.hadoop.fs.s3a.secret.key=… -Dx=1"),
        (
            "under tokenize.column='body' and vocab.min_count=5",
            "under tokenize.column='body' and vocab.min_count=5",
        ),
        ("http://store/x?sig=abc", "http://…"),
    ],
)
def test_secrets_are_taken_out_of_any_text(text, without):
    assert without_secrets(text) == without
