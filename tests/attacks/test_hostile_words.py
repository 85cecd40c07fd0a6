"""Words that would act if they could: as markup, as formulas, on a terminal, in logs and metrics."""

import json
import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from runs_by_hand import made_run, score

from w2v_core.cli.commands import status as show_status
from w2v_core.cli.options import print_json
from w2v_core.console import log as _log
from w2v_core.console.log import choose_format, escape_control_chars, escape_json, escape_word
from w2v_core.console.tables import print_rows
from w2v_core.integrations.mlflow import numbers_of, params_of
from w2v_core.io.events import log_event
from w2v_core.nightly.metrics import exposition
from w2v_core.nightly.work import Record
from w2v_core.report.facts import read_facts
from w2v_core.vectors.formats.formats import FORMATS, export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.word_vectors import WordVectors

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)",
    "+1",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x\x1b\\link",
    "\x9b2J",
    "\u202eturned",
    "\u2066isolated\u2069",
    "nul\0byte",
    "line\nfeed",
    "carriage\rreturn",
    "a\tb",
    "line\u2028separator\u2029",
    "\x85next",
    '"quoted\\"',
    "[red]markup[/red]",
    ":smile:",
]
HARMLESS = [
    "서울",
    "東京",
    "شلام",
    "می\u200cخواهم",
    "👩\u200d👩\u200d👧",
    "❤\ufe0f",
    "e\u0301",
    "\u200fעברית",
    "हिन्दी",
]
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What no terminal may be sent: all controls but tab and line feed, and what turns the direction of a line."""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "run"
    made = made_run(folder, [*HOSTILE, *HARMLESS])
    scores = {"spearman": 0.5, "pairs": 3, "covered": 2, "coverage": 0.6, "interval": [0.1, 0.9]}
    analogies = {
        "accuracy": 0.5,
        "correct": 1,
        "covered": 2,
        "total": 3,
        "coverage": 0.6,
        "interval": [0.1, 0.9],
    }
    sections = [{"name": word, **analogies} for word in HOSTILE]
    score(
        made,
        evaluation={
            "similarity": [{"file": f"/data/{word}", **scores} for word in HOSTILE],
            "analogies": [{"file": "q\n.txt", **analogies, "sections": sections}],
        },
    )
    return folder


# Terminals


@pytest.mark.parametrize("word", [*HOSTILE, *HARMLESS])
@pytest.mark.parametrize("wide", [True, False])
def test_an_answer_is_one_line_that_acts_on_nothing(w2v, run, monkeypatch, word, wide):
    if wide:  # as on a terminal
        monkeypatch.setattr(_log.console, "_force_terminal", True)
    if "\0" in word:
        pytest.skip("no command line holds NUL")
    for command in (("neighbors", word, "--topn", "100"), ("analogy", word, "서울", "東京", "--topn", "100")):
        code, out, err = w2v(command[0], "--run-dir", str(run), *command[1:])
        assert code == 0
        assert err == ""
        assert ACTS.search(out) is None
        assert out.count("\n") == 1
        assert len(out.splitlines()) == 1
        for harmless in HARMLESS:
            assert harmless in out


@pytest.mark.parametrize("word", HOSTILE)
def test_an_unknown_word_is_told_on_one_line(w2v, run, word):
    if "\0" in word:
        pytest.skip("no command line holds NUL")
    code, _, err = w2v("neighbors", "--run-dir", str(run), f"x{word}x")
    assert code == 2
    assert ACTS.search(err) is None
    assert err.count("\n") == 1


def test_json_on_standard_output_holds_every_word_and_acts_on_nothing(w2v, run):
    code, out, _ = w2v("neighbors", "--run-dir", str(run), "서울", "--topn", "100", "--json")
    assert code == 0
    assert {answer["word"] for answer in json.loads(out)["서울"]} == {*HOSTILE, *HARMLESS} - {"서울"}
    assert ACTS.search(out) is None
    assert len(out.splitlines()) == 1
    assert "東京" in out


@given(st.text(st.characters()))
def test_json_says_the_same_whatever_is_escaped(text):
    told = escape_json(json.dumps({"word": text}, ensure_ascii=False))
    assert json.loads(told) == {"word": text}
    assert ACTS.search(told) is None
    told.encode()


@given(st.text(st.characters()))
def test_what_is_visible_acts_on_nothing(text):
    assert ACTS.search(escape_control_chars(text)) is None
    assert len(escape_word(f"a{text}a").splitlines()) == 1
    escape_word(text).encode()


@pytest.mark.parametrize("word", HARMLESS)
def test_words_of_every_language_stay_as_they_are(word):
    assert escape_word(word) == escape_control_chars(word) == word
    assert escape_json(json.dumps(word, ensure_ascii=False)) == json.dumps(word, ensure_ascii=False)


@pytest.mark.usefixtures("console_log")
def test_scores_of_hostile_sets_are_told_harmlessly(w2v, run, tmp_path, monkeypatch):
    stream = StringIO()
    from w2v_core.console.score_tables import print_scores

    monkeypatch.setattr(
        "w2v_core.console.log.console", Console(file=stream, force_terminal=False, width=200, markup=False)
    )
    print_scores(json.loads((run / "reports" / "evaluation.json").read_bytes()))
    told = stream.getvalue()
    assert ACTS.search(told) is None
    assert told.count("Spearman") == len(HOSTILE) == len(re.findall("(?m)^.*Spearman", told))


@pytest.mark.usefixtures("console_log")
@pytest.mark.parametrize("is_terminal", [False, True])
def test_nightly_runs_with_hostile_names_are_told_harmlessly(monkeypatch, is_terminal):
    stream = StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=400, markup=False, color_system=None)
    for module in ("tables", "log"):
        monkeypatch.setattr(f"w2v_core.console.{module}.console", console)
    print_rows(show_status.HEADINGS, [show_status._row(a_record("\x1b[2J\nnight", "\u202ex", {}))])
    assert ("━" in stream.getvalue()) == is_terminal
    assert ACTS.search(stream.getvalue()) is None
    assert "\\x1b[2J\\nnight" in stream.getvalue()


# Pages, tables and files


def test_the_page_shows_hostile_words_and_runs_none(w2v, run):
    assert w2v("report", "--run-dir", str(run))[0] == 0
    text = (run / "reports" / "report.html").read_text(encoding="utf-8")
    assert ACTS.search(text) is None
    assert text.count("<script") == text.count("</script>") == 2
    assert "<img" not in text.replace("\\u003cimg", "").replace("&lt;img", "")
    data = json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    )
    assert set(HARMLESS) - {"\u200fעברית"} <= set(data["words"])


@pytest.mark.parametrize("name", FORMATS)
def test_exported_words_come_back_as_they_were(tmp_path, name):
    words = [*HOSTILE, *HARMLESS]
    vectors_VD = np.random.default_rng(1).normal(size=(len(words), 4)).astype(np.float32)
    table = VectorTable(
        pa.chunked_array([pa.array(words)]), np.arange(len(words), 0, -1, dtype=np.int64), vectors_VD
    )
    done = export(table, name, tmp_path / "out")
    assert done.words + done.num_skipped == len(words)
    if name == "projector":
        lines = (tmp_path / "out" / "metadata.tsv").read_bytes().decode().split("\n")
        numbers = (tmp_path / "out" / "vectors.tsv").read_bytes().decode().split("\n")
        assert lines[0] == "token\tcount"
        assert len(lines) - 1 == len(numbers) == done.words + 1
        assert {len(line.split("\t")) for line in lines[:-1]} == {2}
        found = [line.split("\t")[0] for line in lines[1:-1]]
    else:
        found = WordVectors.load(tmp_path / "out").tokens
    assert found == [word for word in words if word in set(found)]
    assert len(found) == done.words


# Programs


@pytest.mark.usefixtures("console_log")
def test_an_event_is_one_line_of_ascii(capsys):
    choose_format(["--log-format", "json"])
    try:
        for word in HOSTILE:
            log_event(word, "words", word=word, words=[word], by_word={word: 1.5})
    finally:
        choose_format([], {})
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["word"] for line in lines] == HOSTILE
    assert [json.loads(line)["by_word"] for line in lines] == [{word: 1.5} for word in HOSTILE]
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_a_document_for_programs_is_one_line(capsys):
    print_json({word: word for word in [*HOSTILE, "\ud800"]})
    out = capsys.readouterr().out
    assert json.loads(out) == {word: word for word in [*HOSTILE, "\ud800"]}
    assert len(out.splitlines()) == 1


def a_record(name: str, version: str, scores: dict[str, float]) -> Record:
    fields = Record.model_fields
    known = {"night": name, "model": name, "version": version, "scores": scores, "outcome": "published"}
    known |= {"started_at": datetime(2026, 1, 2, tzinfo=UTC), "finished_at": datetime(2026, 1, 2, tzinfo=UTC)}
    return Record.model_construct(
        **{
            name: known.get(
                name, None if field.is_required() else field.get_default(call_default_factory=True)
            )
            for name, field in fields.items()
        }
        | {"seconds": 1.0, "files": 1, "input_bytes": 1, "refused_by": [], "error": None}
        | known
    )


def test_metrics_of_hostile_sets_are_read_back():
    """By the rules of Prometheus' text format: a line a sample, and in a label three escapes."""
    text = exposition(
        [a_record("m", "v1", dict.fromkeys(HOSTILE, 0.5))], "m", datetime(2026, 1, 2, tzinfo=UTC)
    )
    sample = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)')
    found = []
    for line in text.rstrip("\n").split("\n"):
        if not line.startswith("#"):
            matched = sample.fullmatch(line)
            assert matched, line
            if matched[1] == "w2v_night_score":
                (label,) = re.findall(r'set="((?:[^"\\]|\\.)*)"', matched[2])
                found.append(re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), label))
    assert found == HOSTILE


def test_what_goes_to_mlflow_has_names_that_it_takes(run):
    facts = read_facts(made_run_facts(run))
    names = [*numbers_of(facts), *params_of(facts)]
    assert [name for name in names if not re.fullmatch(r"[/\w.\- ]{1,250}", name)] == []


def made_run_facts(run: Path):
    from w2v_core.runs.run_directory import RunDir

    return RunDir.open(run)
