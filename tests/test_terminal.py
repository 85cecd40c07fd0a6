"""What people see who sit at a terminal: bars while it works, tables at the end, and no character that is cut."""

import os
import pty
import re
import subprocess
import sys

import pytest
from small_settings import SMALL

from w2v_core.console.tables import aligned

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLUMNS = 100
pytestmark = pytest.mark.slow


def on_a_terminal(*arguments: str) -> str:
    """What `w2v ARGUMENTS…` shows on a terminal of 100 columns, escapes and all."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "w2v_core.cli", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = bytearray()
        try:
            while chunk := os.read(ours, 1 << 16):
                shown += chunk
        except OSError:  # Linux's end of a terminal that nobody has open
            pass
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0, text
    return text


def lines_of(shown: str) -> list[str]:
    return [line.strip() for line in ESCAPES.sub("", shown).replace("\r", "\n").split("\n") if line.strip()]


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    """A run of the corpus, whose folder has a Korean name, and what the terminal showed meanwhile."""
    run = tmp_path_factory.mktemp("터미널") / "run"
    settings = [word for setting in SMALL for word in ("--set", setting)]
    return run, on_a_terminal("run", "--run-dir", str(run), "--input", str(corpus), *settings)


def test_a_run_shows_bars_and_ends_with_a_table(finished):
    shown = finished[1]
    lines = lines_of(shown)
    assert any(line.startswith("tokens: reading text ━") for line in lines)
    assert any("epoch" in line and "━" in line for line in lines)
    table = [line.strip("│ ").split()[0] for line in lines if line.startswith("│ ")]
    assert table == ["tokens", "vocab", "shards", "vectors", "total"]
    assert lines[-3].startswith("├")  # between the stages and their total
    assert "\x1b[?25l" in shown  # a bar hides the cursor
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # and gives it back
    assert not any("tasks, " in line for line in lines)  # lines that a log has in place of the bar


def test_scores_and_versions_are_tables(finished, tmp_path):
    run = str(finished[0])
    (tmp_path / "질문.txt").write_text(": 수도\nking queen king queen\n서울 은 서울 은\n")
    scores = lines_of(on_a_terminal("evaluate", "--run-dir", run, "--analogies", str(tmp_path / "질문.txt")))
    assert any(line.startswith("│ 수도 ") for line in scores)
    against = ("--against", run, "--analogies", str(tmp_path / "질문.txt"))
    compared = lines_of(on_a_terminal("evaluate", "--run-dir", run, *against))
    *_, difference = (line for line in compared if line.startswith("│ 수도 "))
    assert re.search(r"│ +\+0\.0% +│ +0\.0% to 0\.0% +│ +2 │$", difference)
    assert any("moved_min_count" in line or "moved most" in line for line in compared)
    store = str(tmp_path / "store")
    on_a_terminal("publish", "--run-dir", run, "--store", store, "--name", "뉴스")
    listed = lines_of(on_a_terminal("models", "list", "--store", store))
    (row,) = (line for line in listed if "뉴스" in line)
    assert row.startswith("│ 뉴스")
    assert re.search(r"│ v1 +│ current", row)


def test_columns_are_aligned_as_terminals_show_them():
    assert aligned([("뉴스", "1"), ("news", "1"), ("a", "뉴")]) == ["뉴스   1", "news   1", "a     뉴"]
    assert aligned([("뉴스", "뉴", "1"), ("a", "b", "10")], 2) == ["뉴스  뉴   1", "a     b   10"]
