"""What `w2v plan` says beforehand, and what came: counts, bytes, memory and seconds.

    python -m benchmarks plan --work WORK --text a.txt b.txt [--epochs 1] [--workers 2] [--sample-mb 16]

For each text, which WORK gets a run directory for: the plan, then `w2v run`, whose processes' memory is looked at four
times a second. Prints a Markdown table for each.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from benchmarks.train import _pss_kb
from w2v_core.planning.prediction import Prediction, compare
from w2v_core.runs.run_directory import RunDir

COMMAND = [sys.executable, "-m", "w2v_core.cli"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--work", default="bench-run/plan")
    parser.add_argument("--text", nargs="+", required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample-mb", type=float, default=16)


def main(options: argparse.Namespace) -> None:
    """Plan and run each text."""
    for text in options.text:
        plan_and_run(Path(text), options)


def plan_and_run(text: Path, options: argparse.Namespace) -> None:
    """One text."""
    run_dir = str(Path(options.work) / f"run-{text.stem}")
    settings = [f"train.epochs={options.epochs}", f"train.workers={options.workers}"]
    settings.append(f"spark.master=local[{options.workers}]")
    sets = [word for setting in settings for word in ("--set", setting)]
    given = ["--input", str(text)]
    planned = [*COMMAND, "plan", *given, *sets, "--sample-mb", str(options.sample_mb), "--json"]
    output = subprocess.run(
        planned, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
    ).stdout
    prediction = Prediction.parse(output, "the plan")
    memory = watched([*COMMAND, "run", "--run-dir", run_dir, *given, *sets], Path(run_dir))
    sample = prediction.sample
    print(
        f"\n{text.stem}: {sample.total_bytes / 1e6:.0f} MB, of which {sample.bytes / 1e6:.1f} were read, "
        f"planned in {sample.seconds:.0f} s; load {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores\n"
    )
    print("| | predicted | actual | ratio |\n|---|--:|--:|--:|")
    for what, predicted, actual in compare(prediction, RunDir.open(run_dir)):
        row(what, predicted, actual, ".1f" if what.startswith("seconds") else ",.0f")
    foreseen = prediction.memory.model_dump()
    for key, peak_bytes in memory.items():
        row(f"memory.{key}, MB", foreseen[key] / 1e6, peak_bytes / 1e6, ",.0f")
    print(json.dumps(prediction.measured.model_dump()), flush=True)


def row(what: str, predicted: float, actual: float, form: str) -> None:
    """One line of the table."""
    ratio = f"{predicted / actual:.2f}" if actual else ""
    print(f"| {what} | {predicted:{form}} | {actual:{form}} | {ratio} |", flush=True)


def watched(command: list[str], run_dir: Path) -> dict[str, int]:
    """Run it; the most memory in bytes (PSS), by the names of `Memory`."""
    peak = dict.fromkeys(("spark_driver", "spark_java", "spark_worker", "training"), 0)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.25):
                if (run_dir / "vectors" / "manifest.json").exists():
                    return
                sizes: dict[str, list[int]] = {"driver": [0], "java": [0], "worker": [0]}
                for number in tree(str(process.pid)):
                    sizes[kind_of(number, str(process.pid))].append(_pss_kb(number) * 1024)
                now = {f"spark_{kind}": max(found) for kind, found in sizes.items()}
                if (run_dir / "shards" / "manifest.json").exists():
                    now = {"training": sum(sizes["driver"]) + sum(sizes["worker"])}
                for kind, size in now.items():
                    peak[kind] = max(peak[kind], size)

        thread = threading.Thread(target=watch)
        thread.start()
        code = process.wait()
        over.set()
        thread.join()
    if code:
        sys.exit(f"{' '.join(command)} ended with {code}")
    return peak


def tree(process: str) -> list[str]:
    """The process and all below it."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                found += tree(child)
    return found


def kind_of(process: str, first: str) -> str:
    """What a process of ours is."""
    with suppress(OSError):
        if process == first:
            return "driver"
        return "java" if "java" in Path(f"/proc/{process}/comm").read_text() else "worker"
    return "worker"
