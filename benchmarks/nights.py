"""Seven nights on slices of a corpus: late files, bad input, kills in every stage, a rerun, two at once, a reader.

    python -m benchmarks nights --text enwiki.txt --eval FOLDER --work WORK [--slice-mb 15]

Every night is a `w2v nightly` of its own, as a scheduler starts it. Meanwhile another process opens
`STORE/news@current` again and again, and looks for a version that holds these very numbers. Then one more slice is
trained for an epoch, from current and from nothing, and the held-out losses are told side by side.
Prints Markdown. FOLDER has wordsim353.tsv, men3000.tsv and questions-words.txt.
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
from multiprocessing import Event, Process, Queue
from pathlib import Path
from typing import Any

from w2v_core import WordVectors

W2V = (sys.executable, "-m", "w2v_core.cli")
STAGES = ("tokens", "vocab", "shards", "vectors", "reports", "gate")
SETTINGS = ("train.epochs=1", "train.sg=1", "gate.min_neighbor_overlap=0.02")
NAME = "news"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--eval", required=True)
    parser.add_argument("--work", default="bench-run/nights")
    parser.add_argument("--slice-mb", type=float, default=15.0)


def main(options: argparse.Namespace) -> None:
    """Simulate, and tell."""
    simulation = Simulation(Path(options.work), Path(options.eval))
    slices = cut(Path(options.text), int(options.slice_mb * 1e6), 7)
    stop, told = Event(), Queue()
    reader = Process(target=poll, args=(str(simulation.store), stop, told))
    reader.start()
    try:
        simulate(simulation, slices)
    finally:
        stop.set()
        opened, wrong, versions = told.get()
        reader.join()
    simulation.tell()
    print(
        f"\nThe reader opened `{NAME}@current` {opened:,} times, found {', '.join(versions)}, and was wrong {wrong} "
        "times."
    )
    tell_warm_and_cold(simulation, slices[6])


def simulate(simulation: "Simulation", slices: list[bytes]) -> None:
    """Run the seven nightly runs."""
    simulation.arrive("day1.txt", slices[0])
    simulation.run("first")
    simulation.arrive("day2.txt", slices[1])
    simulation.run("plain")
    simulation.run("rerun")
    simulation.arrive("day3.txt", slices[2])
    simulation.run_two("two at once")
    simulation.arrive("day4.txt", garbled(slices[3]))
    simulation.run("bad input", expected=3)
    simulation.run("bad input, rerun", expected=3)
    simulation.remove("day4.txt")
    simulation.arrive("day5.txt", slices[4])
    simulation.run_killed("killed in each stage")
    simulation.arrive("day4.txt", slices[3], days_ago=10)
    simulation.arrive("copy of day5.txt", slices[4])
    simulation.run("a late file and a copy")
    simulation.arrive("day7.txt", slices[5])
    simulation.run("plain")


class Simulation:
    """Folders of a model, and what each command did."""

    def __init__(self, work: Path, sets: Path) -> None:
        self.store, self.work, self.arriving = work / "store", work / "nights", work / "arriving"
        shutil.rmtree(work, ignore_errors=True)
        self.arriving.mkdir(parents=True)
        self.sets = ("--similarity", str(sets / "wordsim353.tsv"), "--similarity", str(sets / "men3000.tsv"))
        self.sets += ("--analogies", str(sets / "questions-words.txt"))
        self.done: list[dict[str, Any]] = []

    def arrive(self, name: str, text: bytes, days_ago: int = 0) -> None:
        """A file, perhaps with a date of long ago."""
        path = self.arriving / name
        path.write_bytes(text)
        then = time.time() - 86400 * days_ago
        os.utime(path, (then, then))

    def remove(self, name: str) -> None:
        """What an operator does with a file that was at fault."""
        (self.arriving / name).unlink()

    def command(self, *settings: str) -> list[str]:
        """A night as a scheduler starts it."""
        folders = ["--store", str(self.store), "--name", NAME, "--work", str(self.work)]
        set_ = [word for setting in (*SETTINGS, *settings) for word in ("--set", setting)]
        return [*W2V, "nightly", *folders, "--input", str(self.arriving), *self.sets, *set_, "--json"]

    def start(self, *settings: str) -> subprocess.Popen[str]:
        """In a process group of its own, so that a kill strikes the JVM and the workers too."""
        return subprocess.Popen(
            self.command(*settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYSPARK_PYTHON": sys.executable},
        )

    def run(self, what: str, expected: int = 0, *settings: str) -> None:
        """One night, which must end with this code."""
        begin = time.monotonic()
        process = self.start(*settings)
        _, errors = process.communicate()
        assert process.returncode == expected, errors
        self.note(what, process.returncode, time.monotonic() - begin, errors)

    def run_two(self, what: str) -> None:
        """Two nights at the same moment: one is refused."""
        begin = time.monotonic()
        both = [self.start(), self.start()]
        errors = [process.communicate()[1] for process in both]
        codes = [process.returncode for process in both]
        assert sorted(codes) == [0, 4], (codes, errors)
        self.note(what, 0, time.monotonic() - begin, errors[codes.index(0)])
        self.note("its twin", 4, 0.0, errors[codes.index(4)])

    def run_killed(self, what: str) -> None:
        """One night that is killed in every stage in turn, and then let through."""
        rng, begin = random.Random(1), time.monotonic()
        for stage in STAGES:
            process = self.start()
            assert process.stderr
            for line in process.stderr:
                if line.startswith(f"{stage}:"):
                    break
            else:
                raise AssertionError(f"the night ended before {stage}")
            time.sleep(rng.uniform(0.0, 1.5) if stage != "gate" else 0.05)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            self.note(f"SIGKILL in {stage}", process.returncode, 0.0, "")
        self.run(what)
        self.done[-1]["seconds"] = time.monotonic() - begin

    def note(self, what: str, code: int, seconds: float, errors: str) -> None:
        """What came of a command."""
        current = (
            (self.store / NAME / "current").read_text() if (self.store / NAME / "current").exists() else ""
        )
        last = [line for line in errors.splitlines() if line.strip()]
        self.done.append(
            {
                "what": what,
                "code": code,
                "seconds": seconds,
                "current": current,
                "last": last[-1] if last else "",
                "night": self.last_record(),
            }
        )
        print(f"{what}: exit {code}, {last[-1] if last else ''}", file=sys.stderr)

    def last_record(self) -> dict[str, Any]:
        """Of the newest night that ended."""
        records = sorted((self.work / "nights").glob("*.json"))
        return json.loads(records[-1].read_text()) if records else {}

    def tell(self) -> None:
        """A table of all that was run."""
        print(
            "| run | exit | seconds | MB | tokens | words | new words | known | loss before → after | scores | overlap "
            "| verdict |"
        )
        print("|---|--:|--:|--:|--:|--:|--:|--:|---|---|--:|---|")
        told: set[tuple[str, str]] = set()
        for each in self.done:
            record = each["night"]
            key = (record.get("night", ""), record.get("outcome", ""))
            cells = [each["what"], str(each["code"]), f"{each['seconds']:.0f}" if each["seconds"] else ""]
            if key in told or each["code"] not in (0, 3):
                print(f"| {' | '.join(cells)} |" + " |" * 8 + f" {each['last'][:120]} |")
                continue
            told.add(key)
            before, after = record["loss_before"], record["held_out_loss"]
            cells += [
                f"{record['input_bytes'] / 1e6:.1f}",
                f"{record['tokens']:,}",
                f"{record['words']:,}",
                f"{record['new_words'] or 0:,}",
                "" if record["known_tokens"] is None else f"{record['known_tokens']:.1%}",
                f"{before:.4f} → {after:.4f}",
                " ".join(f"{score:.3f}" for score in record["scores"].values()),
                "" if record["neighbor_overlap"] is None else f"{record['neighbor_overlap']:.3f}",
                f"{record['outcome']} {record['version']} {'; '.join(record['refused_by'])}",
            ]
            print(f"| {' | '.join(cells)} |")


def cut(path: Path, num_bytes: int, count: int) -> list[bytes]:
    """Slices of about so many bytes, each of whole articles."""
    end, slices = b"</doc>\n", []
    with path.open("rb") as file:
        for _ in range(count):
            text = file.read(num_bytes)
            while not text.endswith(end):
                line = file.readline()
                assert line, "the corpus is too short for so many slices"
                text += line
            slices.append(text)
    return slices


def garbled(text: bytes) -> bytes:
    """The text after a broken export: every word's letters turned round."""
    return b"\n".join(
        b" ".join(word[::-1] for word in line.split(b" "))
        for line in text.split(b"\n")
        if not line.startswith(b"<")
    )


def poll(store: str, stop: Any, told: Any) -> None:
    """Open current again and again; what is opened must be whole."""
    opened, wrong, versions = 0, 0, []
    while not stop.is_set():
        time.sleep(0.2)
        if not Path(store, NAME, "current").exists():
            continue
        try:
            vectors = WordVectors.load(f"{store}/{NAME}@current")
            digest = hashlib.sha256(vectors.vectors.tobytes()).hexdigest()
            found = [
                folder.name
                for folder in Path(store, NAME).glob("v*")
                if (folder / "version.json").exists()  # else it is being written
                and digest == payload_digest(folder / "vectors" / "input.npy")
            ]
            assert found, "the vectors are of no version"
            assert len(vectors.tokens) == len(vectors), "words and vectors of two versions"
            if found[0] not in versions:
                versions.append(found[0])
        except Exception as error:
            wrong += 1
            print(f"reader: {error!r}", file=sys.stderr)
        opened += 1
    told.put((opened, wrong, versions))


_digests: dict[Path, str] = {}


def payload_digest(path: Path) -> str:
    """Of the numbers in a version's file, read another way and once."""
    if path not in _digests:
        with path.open("rb") as file:
            header = 10 + int.from_bytes(file.read(10)[8:10], "little")
            file.seek(header)
            _digests[path] = hashlib.sha256(file.read()).hexdigest()
    return _digests[path]


def tell_warm_and_cold(simulation: Simulation, text: bytes) -> None:
    """The held-out loss after one epoch on one more slice, from current and from nothing: same rows, windows, noise."""
    path = simulation.arriving.parent / "next.txt"
    path.write_bytes(text)
    losses = {}
    for name, settings in (
        ("warm", [f"train.init_vectors={simulation.store}/{NAME}@current"]),
        ("cold", []),
    ):
        run = simulation.arriving.parent / name
        extend = [
            f"vocab.extend={simulation.store}/{NAME}@current",
            "vocab.accumulate=true",
            *SETTINGS,
            *settings,
        ]
        set_ = [word for setting in extend for word in ("--set", setting)]
        command = [*W2V, "run", "--run-dir", str(run), "--input", str(path), *simulation.sets, *set_]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        lines = [json.loads(line) for line in (run / "vectors" / "metrics.jsonl").read_text().splitlines()]
        scores = json.loads((run / "reports" / "evaluation.json").read_text())
        losses[name] = (lines[0]["held_out_loss"], lines[-1]["held_out_loss"], scores)
    print(
        "\n| one epoch on the next slice | held-out loss before | after | WordSim-353 | MEN |\n|---|--:|--:|--:|--:|"
    )
    for name, (before, after, scores) in losses.items():
        told = " | ".join(f"{each['spearman']:.3f}" for each in scores["similarity"])
        print(f"| {name} | {before:.4f} | {after:.4f} | {told} |")
