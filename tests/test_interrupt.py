"""Ctrl-C and SIGTERM while tasks run: no half stage, no process left, and the next run ends as if nothing was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_settings import small_config

from w2v_core.executors.interrupts import was_interrupted
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

# For every word the rest of its line is read: the better part of a second a split.
SLOW = ("tokenize.tokenizer=regex", r"tokenize.pattern='\w+(?=[\w\s]*)'")
SPLITS = "tokenize.split_bytes=125000"


@pytest.fixture(scope="module")
def long_text(tmp_path_factory) -> Path:
    words = " ".join(f"w{n * n % 997}" for n in range(1000))
    path = tmp_path_factory.mktemp("long") / "long.txt"
    path.write_text(f"{words}\n" * 100)
    return path


def until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def processes_of_session(leader: int) -> list[str]:
    """Numbers of the living processes of the session that `leader` opened, from /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(path.parent.name)
    return found


def interrupted(
    run_dir: Path, text: Path, send: Callable[[int], None], setting: str
) -> tuple[int, str, float]:
    """`w2v run`, which gets `send` once its tasks write tokens: exit code, standard error, seconds until its end."""
    settings = [word for setting in (*SLOW, SPLITS, setting) for word in ("--set", setting)]
    command = [
        sys.executable,
        "-m",
        "w2v_core.cli",
        "run",
        "--run-dir",
        str(run_dir),
        "--input",
        str(text),
        *settings,
    ]
    stage_writer = run_dir / "tokens" / "_temporary"
    temporary = run_dir.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    ) as process:
        until(lambda: process.poll() is not None or (stage_writer.is_dir() and any(stage_writer.iterdir())))
        sent = time.monotonic()
        send(process.pid)
        _, told = process.communicate(timeout=180)
        seconds = time.monotonic() - sent
    until(lambda: not processes_of_session(process.pid))
    return process.returncode, told, seconds


SIGNALS = {
    "Ctrl-C, which reaches the whole group": lambda pid: os.killpg(pid, signal.SIGINT),
    "SIGTERM to the one process": lambda pid: os.kill(pid, signal.SIGTERM),
}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("executor.workers=2", marks=pytest.mark.slow, id="local"),
        pytest.param("spark.master=local[2]", marks=[pytest.mark.slow, pytest.mark.spark], id="spark"),
    ],
)
def test_an_interrupted_run_leaves_no_half_stage_and_the_next_equals_one_undisturbed(
    tmp_path, long_text, executor, setting
):
    for name, send in SIGNALS.items():
        code, told, seconds = interrupted(tmp_path / "run", long_text, send, setting)
        is_local = setting.startswith("executor")
        assert not is_local or seconds < 2, name
        assert not is_local or not any((tmp_path / "temporary").iterdir()), name
        assert code == 130, name
        assert told.splitlines()[-1] == (
            "interrupted: the tokens stage was not written; "
            "finished stages are kept, and the same command goes on after them"
        )
        assert "Traceback" not in told
        assert "\tat " not in told, "Java's traces"
        assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.json", "lease"}, name
        assert not list((tmp_path / "run" / "lease").iterdir()), name

    config = small_config(*SLOW, SPLITS)
    files = find_files([str(long_text)])
    again, undisturbed = RunDir.open(str(tmp_path / "run")), RunDir.create(str(tmp_path / "undisturbed"))
    tokenize_corpus(again, files, config, executor)
    tokenize_corpus(undisturbed, files, config, executor)
    assert again.require("tokens").files == undisturbed.require("tokens").files


def test_the_second_signal_ends_the_process_at_once():
    code = (
        "import os, signal, time\n"
        "from w2v_core.cli.options import exit_status\n"
        "from w2v_core.console.log import show_log\n"
        "show_log({})\n"
        "def work():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(60)\n"
        "exit_status(work)()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_errors_that_came_of_each_other_are_no_interrupt():
    first, second = ValueError(), OSError()
    first.__context__, second.__context__ = second, first
    assert not was_interrupted(first)
    second.__context__ = KeyboardInterrupt()
    assert was_interrupted(first)


def test_a_failure_that_came_of_an_interrupt_is_told_as_the_interrupt():
    code = (
        "from w2v_core.cli.options import exit_status\n"
        "from w2v_core.console.log import show_log\n"
        "show_log({})\n"
        "def work():\n"
        "    try:\n"
        "        raise KeyboardInterrupt\n"
        "    finally:\n"
        "        raise RuntimeError('the JVM answered something else')\n"
        "exit_status(work)()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 130
    assert done.stderr.startswith("interrupted; ")
    assert "Traceback" not in done.stderr
