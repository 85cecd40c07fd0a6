"""Puts one fault at a time into the sampler, windows, shards, layers and the engine, and sees whether the tests tell.

    python tests/mutation/run_mutants.py [--minutes 30] [--seed 1] [--only sampler] [--report FILE]

Of all mutants as many as the minutes allow are tried, in an order that the seed decides. A mutant is killed where one
of the tests named for its file fails, or where they take ten times as long. What no test tells is listed, to be judged:
the same program, or a test that is missing.

The tests are collected once. Each mutant is a fork of this process in which the functions of its file are given the
mutant's code, so the files on disk stay as they are. docs/reliability.md judges
those that survived.
"""

import argparse
import inspect
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FunctionType, ModuleType
from typing import Any

import hypothesis
import pytest
from mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
KILLERS = {
    "reference/unigram_sampler.py": ("test_sampler.py", "test_engine.py"),
    "shards/windows.py": ("test_shards.py", "test_engine.py"),
    "keyed_random.py": ("test_shards.py",),
    "shards/received_sentences.py": ("test_shards.py",),
    "shards/digest.py": ("test_shards.py", "test_verify.py"),
    "shards/encode.py": ("test_shards.py",),
    "shards/epoch_order.py": ("test_shards.py", "test_training.py"),
    "shards/training_rows.py": ("test_shards.py",),
    "shards/spans.py": ("test_shards.py", "test_engine.py", "test_compiled_engine.py"),
    "shards/compiled_spans.py": ("test_compiled_engine.py",),
    "shards/read.py": ("test_shards.py", "test_training.py"),
    "shards/write.py": ("test_shards.py",),
    "reference/layers/embedding.py": ("test_layers.py",),
    "reference/layers/embedding_dot.py": ("test_layers.py",),
    "reference/layers/sigmoid_with_loss.py": ("test_layers.py",),
    "reference/layers/negative_sampling_loss.py": ("test_layers.py",),
    "reference/models/cbow.py": ("test_models.py",),
    "reference/models/skip_gram.py": ("test_models.py",),
    "reference/sparse_gradient.py": ("test_engine.py", "test_layers.py"),
    "reference/scatter_add.py": ("test_engine.py",),
    "training/engine/bound.py": ("test_engine.py",),
    "training/engine/cbow.py": ("test_engine.py", "test_training.py"),
    "training/engine/skip_gram.py": ("test_engine.py", "test_training.py"),
    "training/engine/compiled.py": ("test_compiled_engine.py", "test_training.py"),
    "training/engine/negatives.py": ("test_engine.py",),
    "training/engine/noise.py": ("test_engine.py",),
    "training/engine/rows.py": ("test_engine.py",),
    "training/engine/scores.py": ("test_engine.py",),
    "training/engine/workspace.py": ("test_engine.py", "test_training.py"),
    "training/engine/tables.py": ("test_engine.py", "test_training.py"),
}
"""A file of w2v_core, and the tests that must tell its faults, less those of them that run a whole pipeline."""

AS_PYTHON = {"shards/compiled_spans.py": ("_kernel", "_fill")}
"""The function of a file that returns a compiled one, and the Python function to return instead: Numba's cache would
return the code without the mutant."""
NEED_MORE = frozenset(("make_run", "spark_config", "executor", "corpus", "trained_run"))
SLOW = ("test_no_learning_rate", "test_the_held_out_loss_falls")


@dataclass(frozen=True)
class Tried:
    """A mutant and what became of it."""

    file: str
    mutant: Mutant
    fate: str


def main() -> None:
    """Collects the tests, and hands over to `_Mutants`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument(
        "--report", type=Path, help="every mutant tried, as JSON lines; the same again goes on with it"
    )
    parser.add_argument("--examples", type=int, default=25, help="of a property that a test tries")
    options = parser.parse_args()
    hypothesis.settings.register_profile(
        "mutants", max_examples=options.examples, derandomize=True, deadline=None, database=None
    )
    hypothesis.settings.load_profile("mutants")
    tests = sorted({str(ROOT / "tests" / test) for killers in KILLERS.values() for test in killers})
    with TemporaryDirectory() as work:
        quiet = ["-x", "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider"]
        folders = ["--rootdir", str(ROOT), "--basetemp", f"{work}/tests", "--noconftest"]
        sys.exit(pytest.main([*quiet, *folders, *tests], [_Mutants(options)]))


class _Mutants:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        options = self.options
        files = [name for name in KILLERS if options.only in name]
        items = {name: [item for item in session.items if _is_for(item, name)] for name in files}
        sources = {name: (ROOT / "w2v_core" / name).read_text() for name in files}
        limits: dict[tuple[str, ...], float] = {}
        known: dict[str, float] = {}
        mutants = [(name, mutant) for name in files for mutant in mutants_of(sources[name])]
        random.Random(options.seed).shuffle(mutants)
        tried = _read(options.report)
        done = {(one.file, one.mutant.source) for one in tried}
        ends = time.monotonic() + 60 * options.minutes
        for name, mutant in mutants:
            if time.monotonic() > ends:
                break
            if (name, mutant.source) in done:
                continue
            tests = KILLERS[name]
            if tests not in limits:
                seconds = _seconds_of(session, items[name], name, sources[name])
                limits[tests] = 10 + 10 * sum(seconds.values())
                known.update(seconds)
            own = sorted(items[name], key=lambda item: known[item.nodeid])  # quick tests tell sooner
            tried.append(Tried(name, mutant, _fate(session, own, name, mutant.source, limits[tests])))
            if options.report:
                with options.report.open("a") as report:
                    report.write(json.dumps(asdict(tried[-1])) + "\n")
        with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            _tell(tried, len(mutants))
        return True


def _is_for(item: Any, name: str) -> bool:
    slow = NEED_MORE & set(item.fixturenames) or item.name.startswith(SLOW)
    return item.path.name in KILLERS[name] and not slow


def _read(report: Path | None) -> list[Tried]:
    """What an earlier run has tried: it is gone on with."""
    if report is None or not report.exists():
        return []
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    return [Tried(line["file"], Mutant(**line["mutant"]), line["fate"]) for line in lines]


def _seconds_of(
    session: pytest.Session, items: list[pytest.Item], name: str, source: str
) -> dict[str, float]:
    """How long each test of a file takes where the file is as it should be; they must pass."""
    with TemporaryDirectory() as folder:
        seconds = Path(folder, "seconds.json")
        fate = _fate(session, items, name, source, 600, seconds)
        assert fate == "survived", f"the tests of {name} fail without a mutant"
        told: dict[str, float] = json.loads(seconds.read_text())
        return told


def _fate(
    session: pytest.Session,
    items: list[pytest.Item],
    name: str,
    source: str,
    limit: float,
    seconds: Path | None = None,
) -> str:
    """survived, killed, timed out, or beyond: of code that is run as the module is imported and never again."""
    child = os.fork()
    if child == 0:
        _test(session, items, name, source, seconds)
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return {0: "survived", 2: "beyond"}.get(os.waitstatus_to_exitcode(status), "killed")
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def _test(
    session: pytest.Session, items: list[pytest.Item], name: str, source: str, seconds: Path | None
) -> None:
    """In the child: the tests with the mutant in place, until one fails; and how long each took, where asked."""
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    session.config.pluginmanager.unregister(name="terminalreporter")
    code = 1
    try:
        if not _put_in_place(name, source):
            os._exit(2)
        taken = {}
        for item, after in zip(items, [*items[1:], None], strict=True):
            started = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            taken[item.nodeid] = time.process_time() - started
            if session.testsfailed:
                break
        if seconds:
            seconds.write_text(json.dumps(taken))
        code = 1 if session.testsfailed else 0
    finally:
        os._exit(code)


def _put_in_place(name: str, source: str) -> bool:
    """Give the functions of a module another source's code, and its constants their values. Whether anything could be.

    Others hold the same functions, and modules that import a constant have it under its name.
    """
    module = import_module("w2v_core." + name.removesuffix(".py").replace("/", "."))
    path = str(ROOT / "w2v_core" / name)
    is_as_before = Path(path).read_text() == source
    mutated = ModuleType(module.__name__)
    mutated.__dict__["__file__"] = path
    sys.modules[module.__name__] = mutated  # dataclasses look their module up
    exec(compile(source, path, "exec"), mutated.__dict__)
    sys.modules[module.__name__] = module
    changed = 0
    for old, new in _functions(module, mutated):
        if _differ(old.__code__, new.__code__) or old.__defaults__ != new.__defaults__:
            old.__code__, old.__defaults__ = new.__code__, new.__defaults__
            changed += 1
    for key, value in vars(mutated).items():
        if isinstance(value, int | float | str | frozenset | tuple) and vars(module).get(key) != value:
            for other in [*sys.modules.values()]:
                if isinstance(other, ModuleType) and vars(other).get(key) == vars(module).get(key):
                    vars(other)[key] = value
            changed += 1
    if name in AS_PYTHON:
        compiled, python = (vars(module)[function] for function in AS_PYTHON[name])
        vars(module)[compiled.__name__] = lambda: python
    return changed > 0 or is_as_before


def _differ(old: CodeType, new: CodeType) -> bool:
    """Whether two functions do otherwise; that they stand on other lines does not count."""
    if old.co_code != new.co_code or old.co_names != new.co_names or len(old.co_consts) != len(new.co_consts):
        return True
    return any(
        _differ(one, other)
        if isinstance(one, CodeType) and isinstance(other, CodeType)
        else type(one) is not type(other) or one != other
        for one, other in zip(old.co_consts, new.co_consts, strict=True)
    )


def _functions(old: Any, new: Any) -> Iterator[tuple[FunctionType, FunctionType]]:
    """The functions of two modules or classes of the same names, methods and what decorators wrap among them."""
    for key, value in vars(new).items():
        before = vars(old).get(key)
        if inspect.isclass(value) and value.__module__ == new.__dict__.get("__name__", value.__module__):
            if inspect.isclass(before) and before is not old:
                yield from _functions(before, value)
            continue
        one, other = (_unwrapped(each) for each in (before, value))
        if isinstance(one, FunctionType) and isinstance(other, FunctionType):
            yield one, other


def _unwrapped(value: Any) -> Any:
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    return inspect.unwrap(value) if callable(value) else value


def _tell(tried: list[Tried], num_mutants: int) -> None:
    for one in sorted(tried, key=lambda one: (one.file, one.mutant.line)):
        if one.fate == "survived":
            print(f"{one.file}:{one.mutant.line}\n    - {one.mutant.before}\n    + {one.mutant.after}")
    fates = ("killed", "timed out", "survived", "beyond")
    print(f"\n{'file':34}" + "".join(f"{fate:>10}" for fate in fates))
    for name in [*KILLERS, "all"]:
        found = [one.fate for one in tried if name in (one.file, "all")]
        if found:
            print(f"{name:34}" + "".join(f"{found.count(fate):10}" for fate in fates))
    print(f"tried {len(tried)} of {num_mutants}")


if __name__ == "__main__":
    main()
