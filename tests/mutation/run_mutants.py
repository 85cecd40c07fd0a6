"""Puts one fault at a time into the sampler, windows, shards, layers and the engine, and sees whether the tests tell.

    python tests/mutation/run_mutants.py [--minutes 30] [--seed 1] [--only sampler] [--report FILE]

Of all mutants as many as the minutes allow are tried, in an order that the seed decides. A mutant is killed where one
of the tests named for its file fails, or where they take ten times as long. What no test tells is listed, to be judged:
the same program, or a test that is missing. Each mutant is a fork of this process, which has imported what the tests
need of others and nothing of ours; the files on disk stay as they are.
"""

import argparse
import ast
import contextlib
import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import hypothesis
import numpy  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pydantic  # noqa: F401
import pytest
import rich.progress  # noqa: F401
import scipy.sparse
import scipy.stats  # noqa: F401
import typer  # noqa: F401
from mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
KILLERS = {
    "sampler.py": ("test_sampler.py", "test_engine.py"),
    "windows.py": ("test_shards.py", "test_engine.py"),
    "draws.py": ("test_shards.py",),
    "shards/arrived.py": ("test_shards.py",),
    "shards/digest.py": ("test_shards.py",),
    "shards/encode.py": ("test_shards.py",),
    "shards/order.py": ("test_shards.py", "test_training.py"),
    "shards/rows.py": ("test_shards.py",),
    "shards/stretches.py": ("test_shards.py", "test_engine.py"),
    "shards/read.py": ("test_shards.py", "test_training.py"),
    "shards/write.py": ("test_shards.py",),
    "layers/embedding.py": ("test_layers.py",),
    "layers/embedding_dot.py": ("test_layers.py",),
    "layers/sigmoid_with_loss.py": ("test_layers.py",),
    "layers/negative_sampling_loss.py": ("test_layers.py",),
    "models/cbow.py": ("test_models.py",),
    "models/skip_gram.py": ("test_models.py",),
    "row_gradient.py": ("test_engine.py", "test_layers.py"),
    "row_products.py": ("test_engine.py",),
    "engine/bound.py": ("test_engine.py",),
    "engine/cbow.py": ("test_engine.py", "test_training.py"),
    "engine/skip_gram.py": ("test_engine.py", "test_training.py"),
    "engine/negatives.py": ("test_engine.py",),
    "engine/noise.py": ("test_engine.py",),
    "engine/rows.py": ("test_engine.py",),
    "engine/scores.py": ("test_engine.py",),
    "engine/scratch.py": ("test_engine.py", "test_training.py"),
    "engine/tables.py": ("test_engine.py", "test_training.py"),
}
"""A file of w2v_core, and the tests that must tell its faults, less those of them that start Spark."""

NEED_MORE = frozenset(("make_run", "spark_config", "corpus", "trained_run"))
SLOW = ("test_no_learning_rate", "test_the_held_out_loss_falls")


@dataclass(frozen=True)
class Tried:
    """A mutant and what became of it."""

    file: str
    mutant: Mutant
    fate: str


class _Quick:
    """Leaves out tests that need Spark, and the slow ones."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [
            item
            for item in items
            if not NEED_MORE & set(item.fixturenames) and not item.name.startswith(SLOW)  # type: ignore[attr-defined]
        ]


class _Mutated(MetaPathFinder, Loader):
    """Gives a module the mutant's code."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        spec = spec_from_loader(name, self, origin=str(self.path))
        assert spec is not None
        spec.has_location = True
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


def main() -> None:
    """Prints a line a survivor, and the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument(
        "--report", type=Path, help="every mutant tried, as JSON lines; the same again goes on with it"
    )
    options = parser.parse_args()
    files = [name for name in KILLERS if options.only in name]
    sources = {name: (ROOT / "w2v_core" / name).read_text() for name in files}
    mutants = [(name, mutant) for name in files for mutant in mutants_of(sources[name])]
    random.Random(options.seed).shuffle(mutants)
    tried = _read(options.report)
    done = {(one.file, one.mutant.source) for one in tried}
    ends, limits = time.monotonic() + 60 * options.minutes, {}
    with TemporaryDirectory() as folder:
        for name, mutant in mutants:
            if time.monotonic() > ends:
                break
            if (name, mutant.source) in done:
                continue
            tests = KILLERS[name]
            if tests not in limits:
                limits[tests] = 20 + 10 * _seconds_of(name, sources[name], Path(folder))
            tried.append(Tried(name, mutant, _fate(name, mutant.source, limits[tests], Path(folder))))
            if options.report:
                with options.report.open("a") as report:
                    report.write(json.dumps(asdict(tried[-1])) + "\n")
    _tell(tried, len(mutants))


def _read(report: Path | None) -> list[Tried]:
    """What an earlier run has tried: it is gone on with."""
    if report is None or not report.exists():
        return []
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    return [Tried(line["file"], Mutant(**line["mutant"]), line["fate"]) for line in lines]


def _seconds_of(name: str, source: str, work: Path) -> float:
    """How long the tests of a file take where it is as it should be; they must pass."""
    started = time.monotonic()
    fate = _fate(name, ast.unparse(ast.parse(source)), 600, work)
    assert fate == "survived", f"the tests of {name} fail without a mutant"
    return time.monotonic() - started


def _fate(name: str, source: str, seconds: float, work: Path) -> str:
    """survived, killed or timed out."""
    child = os.fork()
    if child == 0:
        _test(name, source, work)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if status == 0 else "killed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def _test(name: str, source: str, work: Path) -> None:
    """In the child: the tests with the mutant in place. Ends the process with 0 where all pass."""
    os.setpgid(0, 0)
    with contextlib.suppress(BaseException):
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        path = ROOT / "w2v_core" / name
        module = "w2v_core." + name.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, _Mutated(module, path, source))
        sys.dont_write_bytecode = True
        hypothesis.settings.register_profile(
            "mutants", max_examples=25, derandomize=True, deadline=None, database=None
        )
        hypothesis.settings.load_profile("mutants")
        tests = [str(ROOT / "tests" / test) for test in KILLERS[name]]
        options = ["-x", "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider"]
        options += ["--noconftest", "--rootdir", str(ROOT), "--basetemp", str(work / "tests")]
        code = pytest.main([*options, *tests], [_Quick()])
        os._exit(int(code))
    os._exit(99)


def _tell(tried: list[Tried], num_mutants: int) -> None:
    for one in sorted(tried, key=lambda one: (one.file, one.mutant.line)):
        if one.fate == "survived":
            print(f"{one.file}:{one.mutant.line}\n    - {one.mutant.before}\n    + {one.mutant.after}")
    print(f"\n{'file':34}{'mutants':>8}{'killed':>8}{'timed out':>10}{'survived':>10}")
    for name in KILLERS:
        fates = [one.fate for one in tried if one.file == name]
        if fates:
            counts = [fates.count(fate) for fate in ("killed", "timed out", "survived")]
            print(f"{name:34}{len(fates):8}{counts[0]:8}{counts[1]:10}{counts[2]:10}")
    fates = [one.fate for one in tried]
    print(
        f"tried {len(tried)} of {num_mutants}: {len(fates) - fates.count('survived')} told, "
        f"{fates.count('survived')} not"
    )


if __name__ == "__main__":
    main()
