"""Kills the whole pipeline at random moments, runs it again, and compares what comes out with an undisturbed run's.

    python tests/attacks/kills.py --work WORK [--kills 200] [--seed 1]

A process makes every stage, the report, and a published version; or a night, to its version. It gets SIGKILL with all
that it started, is started again, and so on until it ends; then the next round begins. What comes after the shards
stage is done and killed several times in a round. After every kill each stage that looks finished
is read again, and so is each version. At the end all files are those of the undisturbed run.

Prints a line for each kill, and a table; exits with 1 where something was not as promised.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from w2v_core.pipeline.verify import verify
from w2v_core.registry.store import ModelStore
from w2v_core.runs.artifacts import STAGES
from w2v_core.runs.run_directory import RunDir

KINDS = ("run", "night")
SETTINGS = (
    "phrases.passes=1",
    "vocab.min_count=2",
    "train.epochs=3",
    "train.vector_size=24",
    "train.workers=1",
    "train.checkpoint_minutes=0.003",
)
ENDS_A_ROUND = 12
STARTS_ONLY = 0.15
"""Share of the kills that strike while the process starts; the others strike when it works."""


def main() -> None:
    """Rounds of kills until there were enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        pipeline(options.once, options.work)
    else:
        sys.exit(attack(options.work.absolute(), options.kills, random.Random(options.seed)))


def pipeline(kind: str, work: Path) -> None:
    """Everything, in this process."""
    from w2v_core.cli.app import app

    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    text = ["--input", str(work.parent / "text"), "--similarity", str(work.parent / "pairs.tsv")]
    model = ["--store", str(work / "store"), "--name", "말뭉치"]
    if kind == "night":
        app(["nightly", "--work", str(work), *model, *text, *settings], standalone_mode=False)
        return
    app(["run", "--run-dir", str(work / "run"), *text, *settings], standalone_mode=False)
    app(["publish", "--run-dir", str(work / "run"), *model], standalone_mode=False)


def attack(work: Path, kills: int, rng: random.Random) -> int:
    """The exit code."""
    work.mkdir(parents=True, exist_ok=True)
    write_text(work)
    undisturbed = {kind: Undisturbed(kind, work / f"undisturbed-{kind}") for kind in KINDS}
    moments = Moments(rng)
    struck: Counter[str] = Counter()
    faults: list[str] = []
    rounds = 0
    while struck.total() < kills:
        kind = KINDS[rounds % 4 == 1]
        rounds += 1
        place = work / f"{kind}-{rounds}"
        shutil.rmtree(place, ignore_errors=True)
        begin, before = time.monotonic(), struck.total()
        for _ in range(ENDS_A_ROUND if kind == "run" else 1):
            rewind(place)
            while struck.total() < kills and killed(kind, place, moments):
                struck[where(place)] += 1
                found = problems(place)
                faults += found
                print(f"kill {struck.total()}: {kind}, {where(place)} {found or ''}", flush=True)
            process = start(kind, place)
            told = process.communicate()[1]
            if process.returncode != 0:
                faults.append(f"round {rounds} ended with {process.returncode}: {told[-400:]}")
            faults += problems(place) + undisturbed[kind].differences(place)
        seconds = time.monotonic() - begin
        print(
            f"round {rounds}: {struck.total() - before} kills, {seconds:.0f} s, faults {faults}", flush=True
        )
        shutil.rmtree(place, ignore_errors=True)
    for state, number in struck.most_common():
        print(f"{number:4}  {state}")
    print(f"{struck.total()} kills in {rounds} rounds; {len(faults)} faults")
    return 1 if faults else 0


def rewind(work: Path) -> None:
    """As after the shards stage, where it is finished."""
    for name in ("run/vectors", "run/reports", "run/checkpoints", "store"):
        shutil.rmtree(work / name, ignore_errors=True)


class Undisturbed:
    """What comes out where nobody kills."""

    def __init__(self, kind: str, work: Path) -> None:
        shutil.rmtree(work, ignore_errors=True)
        process = start(kind, work)
        told = process.communicate()[1]
        assert process.returncode == 0, told
        self.files = contents(work)

    def differences(self, work: Path) -> list[str]:
        found = contents(work)
        names = sorted(found.keys() | self.files.keys())
        return [f"{name} differs" for name in names if found.get(name) != self.files.get(name)]


class Moments:
    """When to kill: at random after the first sign of work.

    A machine with other work is now fast and now slow, so the longest wait grows while kills find no stage finished,
    and shrinks while they do.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.longest = 2.0

    def wait(self, process: "subprocess.Popen[str]", work: Path) -> bool:
        """Wait for the moment. Whether the process has not ended before."""
        before, waits_for_work = signs(work), self.rng.random() > STARTS_ONLY
        while waits_for_work and process.poll() is None and signs(work) == before:
            time.sleep(0.02)
        try:
            process.wait(timeout=self.rng.uniform(0, self.longest))
        except subprocess.TimeoutExpired:
            return True
        return False

    def heed(self, *, progressed: bool) -> None:
        self.longest = min(max(self.longest * (0.8 if progressed else 1.15), 0.5), 60.0)


def signs(work: Path) -> set[str]:
    """What there is to see of a process at work; a lease is taken before anything starts.

    By os.walk, which goes on where a folder is removed under it.
    """
    return {
        f"{folder}/{name}"
        for folder, _, names in os.walk(work)
        if Path(folder).name != "lease"
        for name in names
    }


def killed(kind: str, work: Path, moments: Moments) -> bool:
    """Run it until a random moment. Whether it was killed, and had not ended before."""
    before = finished(work)
    process = start(kind, work)
    is_alive = moments.wait(process, work)
    if is_alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    moments.heed(progressed=finished(work) != before)
    return is_alive


def start(kind: str, work: Path) -> subprocess.Popen[str]:
    """In a session of its own, so that a kill strikes the JVM and its workers too."""
    return subprocess.Popen(
        [sys.executable, __file__, "--once", kind, "--work", str(work)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable},
    )


def finished(work: Path) -> set[str]:
    """Stages that have a manifest."""
    return {stage for stage in STAGES if (work / "run" / stage / "manifest.json").exists()}


def where(work: Path) -> str:
    """What was being done, as the files tell it."""
    run, done = work / "run", finished(work)
    if not (run / "run.json").exists() and not any((work / "store").glob("*/v*")):
        return "before the first stage"
    for stage in STAGES[:4]:
        if stage not in done:
            return f"in {stage}" if (run / stage).exists() else f"before {stage}"
    if "vectors" not in done:
        if any(run.glob("checkpoints/*/state.json")):
            return "in vectors, after a checkpoint"
        return (
            "in vectors" if (run / "vectors").exists() or (run / "checkpoints").exists() else "before vectors"
        )
    if "reports" not in done:
        return "in or before reports"
    if not (run / "reports" / "report.html").exists():
        return "in or before the report"
    if not any((work / "store").glob("*/v*/version.json")):
        return "in or before publishing"
    return "after publishing" if any((work / "store").glob("*/current.json")) else "in or before promoting"


def problems(work: Path) -> list[str]:
    """What looks finished and is not whole."""
    found: list[str] = []
    if (work / "run" / "run.json").exists():
        run = RunDir.open(str(work / "run"))
        found += [problem for stage in verify(run) for problem in stage.problems]
    if (work / "store").exists():
        for name in [model.name for model in ModelStore(str(work / "store")).models()]:
            model = ModelStore(str(work / "store")).model(name)
            for version in model.versions():
                found += model.verify(version.name)
            model.current()
    return found


def contents(work: Path) -> dict[str, str]:
    """SHA-256 of every file in the run and in the versions, without what is of a moment: dates, seconds and pages."""
    found = {}
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work)
        if path.is_file() and not OF_A_MOMENT & {*name.parts, path.name}:
            data = path.read_bytes()
            if data.startswith(b"{"):
                data = json.dumps(list(timeless(json.loads(data))), sort_keys=True).encode()
            found[str(name)] = hashlib.sha256(data).hexdigest()
    return found


OF_A_MOMENT = {"report.html", "metrics.jsonl", "lease", "nights", "night.json", "inputs.json"}
OF_TIME = {"finished_at", "published_at", "at", "seconds", "run", "manifest.json", "seal"}


def timeless(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below, with where it stands; without times, and what depends on them."""
    if isinstance(value, dict):
        if value.get("name") in OF_A_MOMENT:
            return
        for key, below in value.items():
            if key.rpartition("/")[2] not in OF_TIME | OF_A_MOMENT:
                yield from timeless(below, f"{at}/{key}")
    elif isinstance(value, list):
        for below in value:
            yield from timeless(below, at)
    else:
        yield at, value


def write_text(work: Path) -> None:
    """Sentences of eight subjects, in two languages and two files, and pairs to score."""
    rng = random.Random(7)
    folder = work / "text"
    folder.mkdir(exist_ok=True)
    for name, letters in (("one.txt", "bdgklmnprst"), ("둘.txt", "가나다라마바사아자차카")):
        words = [[f"{letter}{number}" for number in range(60)] for letter in letters[:8]]
        lines = [" ".join(rng.choices(rng.choice(words), k=rng.randrange(3, 25))) for _ in range(6000)]
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    pairs = [
        f"b{rng.randrange(60)} {rng.choice('bd')}{rng.randrange(60)} {rng.random():.2f}" for _ in range(80)
    ]
    (work / "pairs.tsv").write_text("\n".join(pairs), encoding="utf-8")


if __name__ == "__main__":
    main()
