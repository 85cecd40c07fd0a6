"""What tests share: an executor of each kind, small corpora, markers, and a way to run a command."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from small_settings import small_config

from w2v_core.cli import __main__ as main_module
from w2v_core.config import SparkConfig
from w2v_core.console.log import choose_format, show_log
from w2v_core.executors import spark as _spark
from w2v_core.executors.base import Executor
from w2v_core.executors.java import prepare_java
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.spark import SparkExecutor
from w2v_core.io.events import LOGGER
from w2v_core.pipeline.run import run_pipeline
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
# No test is about time: a machine that does other things too is no fault of ours.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
LOCAL = SparkConfig(master="local[2]", conf={"spark.sql.shuffle.partitions": "2"})


MARKERS = {"unit", "spark", "slow", "cluster", "attack"}
SPARK_FIXTURES = {"spark_config", "spark_executor"}
OBJECT_STORE = ("bucket", "object store")
"""A fixture, and a parameter: tests that take either start a server."""
REQUIRE_JAVA = "W2V_REQUIRE_JAVA"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-messages", action="store_true", help="write tests/messages.txt again")


def pytest_sessionstart() -> None:
    # Shells start what scripts leave in the background with Ctrl-C ignored, and what it starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in markers_of(item):
            item.add_marker(name)
    on_spark = [item for item in items if item.get_closest_marker("spark")]
    fault = prepare_java() if on_spark and REQUIRE_JAVA not in os.environ else None
    for item in on_spark if fault else []:
        item.add_marker(pytest.mark.skip(f"{fault}; with {REQUIRE_JAVA}=1 this is a failure"))


def markers_of(item: pytest.Item) -> set[str]:
    """The markers that follow from where a test lives and what it uses; `unit` for a test that has no other."""
    names = {marker.name for marker in item.iter_markers()} & MARKERS
    folder = item.path.parent.name
    fixtures = set(getattr(item, "fixturenames", ()))
    parameters = [str(value) for value in item.callspec.params.values()] if hasattr(item, "callspec") else []
    if SPARK_FIXTURES & fixtures:
        names.add("spark")
    if OBJECT_STORE[0] in fixtures or OBJECT_STORE[1] in parameters:
        names.add("slow")
    if folder in {"attacks", "cluster"}:
        names.add({"attacks": "attack", "cluster": "cluster"}[folder])
    return names or {"unit"}


class SharedExecutor:
    """An executor whose processes outlive the runs of the tests: `stop` does nothing."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def stop(self) -> None:
        """Keep the processes for the next test."""


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    """Two worker processes for all tests. They have the environment of the first test that asked for them."""
    with LocalExecutor(workers=2) as local:
        yield SharedExecutor(local)


@pytest.fixture(scope="session")
def spark_config() -> Iterator[SparkConfig]:
    """The one Spark session of the tests, started by the first that asks for it. No run may stop it."""
    _spark.session(LOCAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_spark, "stop_session", lambda: None)
        yield LOCAL
    _spark.stop_session()


@pytest.fixture(scope="session")
def spark_executor(spark_config: SparkConfig) -> Executor:
    """The same session as an executor."""
    return SparkExecutor(spark_config)


@pytest.fixture(autouse=True)
def library_log() -> Iterator[None]:
    """The logger of the library as a program finds it, whatever a command of the test made of it."""
    before = list(LOGGER.handlers), LOGGER.level, LOGGER.propagate
    LOGGER.setLevel("INFO")
    yield
    LOGGER.handlers[:], LOGGER.level, LOGGER.propagate = before


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real corpora beside the checkout, where they are."""
    if not SHARED_DATA.exists():
        pytest.skip(f"no {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def python_without_us(tmp_path_factory) -> str:
    """A Python that has what we need, and not us: a path line in a .pth file brings no other .pth file along."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "borrowed.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    python = str(folder / "bin" / "python")
    alone = subprocess.run([python, "-c", "import w2v_core"], cwd=folder, capture_output=True, check=False)
    assert alone.returncode != 0
    return python


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight kinds of line that share words, some of them Korean, in three files of two folders."""
    folder = tmp_path_factory.mktemp("말뭉치 text")
    (folder / "deeper").mkdir()
    lines = [
        "The king and the queen rule the old land .",
        "A cat and a dog chase the small mouse !",
        "서울 은 한국 의 수도 이다 .",
        "수도 서울 에 대학교 가 많다 .",
        "",
        "</doc>",
        "the cat sees the king",
        "unique words rarely come twice",
    ]
    for number, name in enumerate(("a.txt", "나.txt", "deeper/c.txt")):
        text = "\n".join(lines[(i * (number + 1)) % len(lines)] for i in range(400))
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def finished_runs(executor: Executor, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a finished run, made once for all tests: finished_runs(input, "section.key=value", …).

    To read, or to copy.
    """

    @cache
    def made(source: Path, *settings: str) -> Path:
        run = RunDir.create(str(tmp_path_factory.mktemp("finished") / "run"))
        _run_all(run, source, settings, executor)
        return Path(run.folder.path)

    return made


def _run_all(run: RunDir, source: Path, settings: Sequence[str], executor: Executor) -> None:
    run_pipeline(run, find_files([str(source)]), small_config(*settings), executor)


@pytest.fixture
def make_run(
    executor: Executor, finished_runs: Callable[..., Path], corpus: Path, tmp_path: Path
) -> Callable[..., RunDir]:
    """Runs the whole pipeline: make_run(input, "section.key=value", …, into="name").

    A new run of the corpus is a copy of one that was made with these settings before.
    """

    def make(source: Path, *settings: str, into: str = "run") -> RunDir:
        folder = tmp_path / into
        if source == corpus and not folder.exists() and not any(str(tmp_path) in each for each in settings):
            shutil.copytree(finished_runs(source, *settings), folder)
            return RunDir.open(str(folder))
        run = RunDir.create(str(folder))
        _run_all(run, source, settings, executor)
        return run

    return make


@pytest.fixture
def console_log() -> None:
    """The library's log on standard error, as a command shows it."""
    show_log({})


@pytest.fixture
def w2v(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs `w2v ARGUMENTS…` in this process: (exit code, standard output, standard error)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["w2v", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main_module.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    yield run
    choose_format([], {})
