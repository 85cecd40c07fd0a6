"""Training killed at random moments and resumed gives the same bytes as an undisturbed one.

    python -m benchmarks kills --run-dir RUN --work WORK [--kills 20] [--epochs 4]

RUN is a run directory with shards. `w2v train` runs once undisturbed, and once killed with SIGKILL again and again
at random moments; the last time it is left to end. Both train with one worker and save all the time. Prints a
line for each kill, and says whether the vectors are the same; exits 1 where they are not.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from w2v_core.io.filesystem import open_folder
from w2v_core.runs.run_directory import RunDir
from w2v_core.training.checkpoint import Checkpoints

FILES = ("input.npy", "output.npy")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--run-dir", required=True)
    parser.add_argument("--work", default="bench-run/kills")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)


def main(options: argparse.Namespace) -> None:
    """Train undisturbed, train killed, compare."""
    undisturbed, killed = (a_copy(options, name) for name in ("undisturbed", "killed"))

    started = time.monotonic()
    trained = start(undisturbed, options.epochs)
    assert trained.wait() == 0
    duration = time.monotonic() - started
    print(f"undisturbed: {duration:.1f} s")

    moments = random.Random(options.seed)
    # Starting takes about two seconds; between two kills a share of the whole is to be trained, mostly.
    longest = 3 * duration / options.kills
    kills = 0
    while kills < options.kills:
        process = start(killed, options.epochs)
        seconds = 1 + moments.uniform(0, 2 + longest)
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            code = process.wait()
        if code == 0:
            print(f"trained to its end after {kills} kills")
            break
        kills += 1
        found = Checkpoints(RunDir.open(str(killed)).checkpoints).latest()
        rows = sum(worker_state.rows for worker_state in found.worker_states) if found else 0
        print(f"kill {kills}: after {seconds:.2f} s, exit {code}; the checkpoint is at row {rows:,}")
    assert start(killed, options.epochs).wait() == 0
    same = all(
        (undisturbed / "vectors" / name).read_bytes() == (killed / "vectors" / name).read_bytes()
        for name in FILES
    )
    print(f"{kills} kills: the vectors are {'the same bytes' if same else 'DIFFERENT'}")
    sys.exit(0 if same else 1)


def a_copy(options: argparse.Namespace, name: str) -> Path:
    """WORK/<name>: the run without its vectors."""
    copy = Path(options.work) / name
    shutil.rmtree(copy, ignore_errors=True)
    source = open_folder(options.run_dir).path
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("vectors", "checkpoints", "reports"))
    return copy


def start(run: Path, epochs: int) -> "subprocess.Popen[bytes]":
    """`w2v train` in a process of its own."""
    settings = ("train.workers=1", f"train.epochs={epochs}", "train.checkpoint_minutes=0.005")
    options = [word for setting in settings for word in ("--set", setting)]
    return subprocess.Popen(
        [sys.executable, "-m", "w2v_core.cli", "train", "--run-dir", str(run), *options],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
