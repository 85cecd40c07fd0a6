"""Nights for an hour: what the process holds, and what it leaves behind, is at the end as it was at the start.

    python tests/attacks/endurance.py --work WORK [--minutes 60]

Every nightly run finds a small new file. Every second one runs in this process, as in a scheduler that imports us,
and every other in one of its own, as from cron. After each: memory, open files, threads and processes of this
process, temporary files, and what stands in the work folder and in the store. Prints a line for each nightly run;
exits with 1 where the last third of the runs holds more than the first, after three to warm up.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

WARM_UP, COMPARED = 3, 5  # nights; at least so many are compared with as many
WORDS = 3000
GROWTH = {"memory_mb": 1.15, "java_mb": 3, "java_live_mb": 1.1, "seconds": 1.5, "child_peak_mb": 1.1}
"""What may grow by how much: memory by fragments, seconds by the machine's other work, and Java's memory until its heap
is full; what is alive in that heap tells of leaks. Everything else not at all."""
IN_STEPS = "java_live_mb"
"""Spark remembers its last thousand jobs, and lets go of some hundred at once: the least of many runs counts."""
SETTINGS = (
    "spark.master=local[2]",
    "vocab.min_count=2",
    "train.epochs=1",
    "train.vector_size=24",
    "train.workers=2",
    "gate.max_loss_rise=5.0",
    "gate.max_drop=2.0",
    "night.keep_versions=3",
    "night.predict=false",
)


def main() -> None:
    """Nights until the time is over."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    work = options.work.absolute()
    shutil.rmtree(work, ignore_errors=True)
    for name in ("arriving", "tmp"):
        (work / name).mkdir(parents=True)
    os.environ |= {"TMPDIR": str(work / "tmp"), "PYSPARK_PYTHON": sys.executable}
    tempfile.tempdir = None
    end, records = time.monotonic() + 60 * options.minutes, []
    while time.monotonic() < end:
        records.append(facts_of(work, len(records) + 1))
        print(json.dumps(records[-1]), flush=True)
    found = list(grown(records))
    print(f"{len(records)} nightly runs in {options.minutes:g} minutes; {found or 'nothing has grown'}")
    sys.exit(1 if found else 0)


def facts_of(work: Path, number: int) -> dict[str, float]:
    """A nightly run, and what there is after it."""
    arrive(work / "arriving", number)
    begin = time.monotonic()
    in_this_process = number % 2 == 0
    (run_here if in_this_process else run_in_its_own_process)(work)
    seconds = time.monotonic() - begin
    return {
        "night": number,
        "in_this_process": in_this_process,
        "seconds": round(seconds, 1),
        "memory_mb": memory_mb(os.getpid()),
        "java_mb": sum(memory_mb(pid) for pid in children(os.getpid()) if is_java(pid)),
        "java_live_mb": java_live_mb(),
        "child_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "processes": len(children(os.getpid())),
        "temporary_files": sum(1 for path in (work / "tmp").rglob("*") if path.is_file()),
        "shared_memory_files": len(list(Path("/dev/shm").iterdir())),
        "versions": len(list((work / "store").glob("*/v*"))),
        "work_files": sum(
            1 for path in (work / "work").rglob("*") if path.is_file() and path.parent.name != "nights"
        ),
    }


def arguments(work: Path) -> list[str]:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    folders = ["--store", str(work / "store"), "--name", "news", "--work", str(work / "work")]
    return ["nightly", *folders, "--input", str(work / "arriving"), *settings]


def run_here(work: Path) -> None:
    from w2v_core.cli.app import app

    app(arguments(work), standalone_mode=False)


def run_in_its_own_process(work: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "w2v_core.cli", *arguments(work)], check=True, stderr=subprocess.DEVNULL
    )


def arrive(folder: Path, number: int) -> None:
    """Every nightly run has all words, so that no vocabulary grows: what a run needs grows with that."""
    rng = random.Random(number)
    words = [*range(WORDS), *range(WORDS)]
    words += [int(rng.paretovariate(0.8)) % WORDS for _ in range(16_500)]
    rng.shuffle(words)
    lines = [
        " ".join(f"낱말{word}" for word in words[begin : begin + 15]) for begin in range(0, len(words), 15)
    ]
    (folder / f"{number:05d}.txt").write_text("\n".join(lines), encoding="utf-8")


def memory_mb(pid: int) -> int:
    told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmRSS")) // 1024


def is_java(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "java"


def java_live_mb() -> int:
    """What this process's Java still holds after it collected its garbage; 0 before there is one."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return 0
    gateway.jvm.System.gc()
    runtime = gateway.jvm.Runtime.getRuntime()
    return (runtime.totalMemory() - runtime.freeMemory()) // 1_000_000


def children(pid: int) -> list[int]:
    """Every process that came of `pid`, of any generation."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            found += [child, *children(child)]
    return found


def grown(records: list[dict[str, float]]) -> Iterator[str]:
    """What the last runs hold more of than the first. Runs of either kind are compared with their own."""
    for here in (True, False):
        of_kind = [record for record in records if record["in_this_process"] == here][WARM_UP:]
        if len(of_kind) < 2 * COMPARED:
            yield f"only {len(of_kind)} runs to compare"
            continue
        for name in of_kind[0].keys() - {"night", "in_this_process"}:
            compared = max(COMPARED, len(of_kind) // 3)
            usual = min if name == IN_STEPS else statistics.median
            first, last = (
                usual(record[name] for record in part) for part in (of_kind[:compared], of_kind[-compared:])
            )
            if last > first * GROWTH.get(name, 1.0):
                yield f"{name} from {first:g} to {last:g}"


if __name__ == "__main__":
    main()
