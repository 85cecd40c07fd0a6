"""Text to shards by each executor, stage by stage, beside what DuckDB and Spark SQL take to count the same words.

    python -m benchmarks spark --text enwiki.txt --work WORK [--masters local[2] workers[2]] [--scales 1 2 4]

Every run is a process of its own, in turn, and a line of JSON in WORK/spark.jsonl. Prints Markdown tables.

A master `workers[N]` is N processes of this machine, without Spark.
Seconds of a stage are from its first file listed to its manifest; the session is started before and told apart.
Tokens/s are of the corpus, in every stage. CPU seconds are of all processes: driver, JVM and Python workers.
Memory is the resident size, looked at ten times a second: of the JVM, and of the largest Python worker.
A larger corpus is the text again with the words of each line in another order, which makes other sentences and windows
of the same words: a vocabulary grows less than it would with more text.
DuckDB (where it is installed) and Spark SQL split at what is no letter and no digit, lower, and count.
"""

import argparse
import itertools
import json
import os
import platform
import re
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from benchmarks import run_apart
from w2v_core.config import Config, SparkConfig, load_config
from w2v_core.executors.base import Executor
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.spark import SparkExecutor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

STAGES = ("tokens", "vocab", "shards")
_WORD = r"[^\p{L}\p{N}]+"


def main(options: argparse.Namespace) -> None:
    """Run every combination in turn, and print the tables."""
    if options.one:
        print(json.dumps(RUNS[options.one](options)))
        return
    Path(options.work).mkdir(parents=True, exist_ok=True)
    runs = [("ours", master, 1) for master in options.masters]
    runs += [("ours", options.masters[-1], scale) for scale in options.scales if scale != 1]
    counters = ["Spark SQL", *(["DuckDB"] if find_spec("duckdb") else [])]
    runs += [(counter, options.masters[-1], 1) for counter in counters]
    for scale in options.scales:
        make_corpus(options, scale)
    results = [
        run_apart("--one", what, "--master", master, "--scale", scale, log=Path(options.work) / "spark.jsonl")
        for _, (what, master, scale) in itertools.product(range(options.repeats), runs)
    ]
    print(report(results))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--work", default="bench-run/spark")
    parser.add_argument("--masters", nargs="+", default=["workers[2]", "local[2]"])
    parser.add_argument("--scales", type=int, nargs="+", choices=[1, 2, 4], default=[1, 2, 4])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--one", choices=list(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--master", help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=int, help=argparse.SUPPRESS)


# Corpora of several sizes

_ORDERS: tuple[Callable[[list[bytes]], list[bytes]], ...] = (
    lambda words: words,
    lambda words: words[::-1],
    lambda words: words[len(words) // 2 :] + words[: len(words) // 2],
    lambda words: words[::2] + words[1::2],
)


def corpus_folder(options: argparse.Namespace, scale: int) -> Path:
    """Where the corpus of a size is."""
    return Path(options.work) / f"text-{scale}"


def make_corpus(options: argparse.Namespace, scale: int) -> None:
    """The text `scale` times, in a folder, each time with lines whose words stand in another order."""
    folder = corpus_folder(options, scale)
    folder.mkdir(exist_ok=True)
    for number in range(scale):
        path = folder / f"{number}.txt"
        if not path.exists():
            with Path(options.text).open("rb") as source, path.open("wb") as target:
                target.writelines(reordered(line, number) for line in source)


def reordered(line: bytes, number: int) -> bytes:
    """The line with its words in order `number`; a line around an article stays."""
    return line if line.startswith((b"<doc", b"</doc")) else b" ".join(_ORDERS[number](line.split())) + b"\n"


# One run


def run_ours(options: argparse.Namespace) -> dict[str, object]:
    """Text to shards: seconds, CPU seconds and peak memory of each stage."""
    config, executor = load_config(None, options.settings), executor_of(options.master)
    run = RunDir.create(str(Path(options.work) / "spark-run"))
    with run.rewrite("tokens"):
        pass
    begun = time.monotonic()
    executor.start()
    result = facts("ours", options) | {"session": time.monotonic() - begun, "stages": {}}
    for stage, make in zip(STAGES, makers(run, config, executor, options), strict=True):
        cpu, memory, begun = cpu_seconds(), PeakMemory(), time.monotonic()
        make()
        result["stages"][stage] = {
            "seconds": time.monotonic() - begun,
            "cpu": cpu_seconds() - cpu,
            **memory.stop(),
        }
    tokens, shards = run.require("tokens"), run.require("shards")
    assert tokens.tokens is not None
    assert shards.tokens is not None
    return result | {
        "tokens": tokens.tokens.kept,
        "rows": shards.tokens.kept,
        "shards": len(shards.files),
        "mb": sum(file.bytes for file in shards.files) / 1e6,
        "digest": shards.digest,
    }


def executor_of(master: str) -> Executor:
    """Processes of this machine for `workers[N]`, else Spark."""
    found = re.fullmatch(r"workers\[(\d+)\]", master)
    return LocalExecutor(int(found[1])) if found else SparkExecutor(SparkConfig(master=master))


def makers(
    run: RunDir, config: Config, executor: Executor, options: argparse.Namespace
) -> list[Callable[[], object]]:
    """What makes each of STAGES."""
    folder = str(corpus_folder(options, options.scale))
    return [
        lambda: tokenize_corpus(run, find_files([folder]), config, executor),
        lambda: make_vocab(run, config, executor),
        lambda: make_shards(run, config, executor),
    ]


def count_with_spark_sql(options: argparse.Namespace) -> dict[str, object]:
    """Split, explode, group, and the number of words that come five times."""
    from pyspark.sql import functions as sf

    begun = time.monotonic()
    spark = SparkExecutor(SparkConfig(master=options.master)).session()
    session, cpu, memory, begun = time.monotonic() - begun, cpu_seconds(), PeakMemory(), time.monotonic()
    lines = spark.read.text(str(corpus_folder(options, options.scale)))
    words = lines.select(sf.explode(sf.split(sf.lower("value"), _WORD)).alias("word")).where("word != ''")
    counts = words.groupBy("word").count()
    num_words, tokens = counts.agg(sf.count_if(sf.col("count") >= 5), sf.sum("count")).first()
    return counted("Spark SQL", options, begun, cpu, memory, num_words, tokens) | {"session": session}


def count_with_duckdb(options: argparse.Namespace) -> dict[str, object]:
    """The same in DuckDB, on as many threads as the master has cores."""
    import duckdb

    database = duckdb.connect(config={"threads": options.master.removeprefix("local[").removesuffix("]")})
    cpu, memory, begun = cpu_seconds(), PeakMemory(), time.monotonic()
    num_words, tokens = database.execute(
        f"""select count(*) filter (n >= 5), sum(n)::bigint from (
            select word, count(*) as n from (
                select unnest(string_split_regex(lower(line), '{_WORD}')) as word
                from read_csv('{corpus_folder(options, options.scale)}/*.txt', columns={{'line': 'varchar'}},
                    delim=chr(1), quote='', escape='', header=false, auto_detect=false, max_line_size=16777216))
            where word != '' group by word)"""
    ).fetchone()
    return counted("DuckDB", options, begun, cpu, memory, num_words, tokens)


def counted(
    what: str,
    options: argparse.Namespace,
    begun: float,
    cpu: float,
    memory: "PeakMemory",
    num_words: int,
    tokens: int,
) -> dict[str, object]:
    """The result of a run that only counts, which ends now."""
    count = {"seconds": time.monotonic() - begun, "cpu": cpu_seconds() - cpu, **memory.stop()}
    return facts(what, options) | {"stages": {"count": count}, "tokens": tokens, "words": num_words}


def facts(what: str, options: argparse.Namespace) -> dict[str, object]:
    """What tells this run from others."""
    return {"what": what, "master": options.master, "scale": options.scale, "settings": options.settings}


RUNS: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    "ours": run_ours,
    "Spark SQL": count_with_spark_sql,
    "DuckDB": count_with_duckdb,
}


# What processes take


class PeakMemory:
    """Looks ten times a second at the resident size of this process and all below it."""

    def __init__(self) -> None:
        self._peaks = {"driver_mb": 0, "jvm_mb": 0, "worker_mb": 0}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, int]:
        """The most seen of each kind, in MB."""
        self._over.set()
        self._thread.join()
        return self._peaks

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for process in own_processes():
                with suppress(OSError, ValueError, IndexError):
                    kind = kind_of(process)
                    pages = int((process / "statm").read_text().split()[1])
                    mb = pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
                    self._peaks[kind] = max(self._peaks[kind], mb)


def kind_of(process: Path) -> str:
    """Driver, JVM or worker."""
    if process.name == str(os.getpid()):
        return "driver_mb"
    return "jvm_mb" if (process / "comm").read_text().strip() == "java" else "worker_mb"


def own_processes() -> list[Path]:
    """This process and all below it, as folders of /proc."""
    parents: dict[str, list[str]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(fields[1], []).append(process.name)
    found = [str(os.getpid())]
    for pid in found:
        found += parents.get(pid, [])
    return [Path("/proc", pid) for pid in found]


def cpu_seconds() -> float:
    """Of this process and all below it, ended ones included."""
    ticks = 0
    for process in own_processes():
        with suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


# Tables


def report(results: list[dict]) -> str:
    """Markdown: the medians of the repeats of each run."""
    runs = itertools.groupby(sorted(results, key=_place), key=_place)
    lines = [
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"PySpark {version('pyspark')}, PyArrow {version('pyarrow')}; medians of the runs, in brackets the range",
        "",
        "| run | corpus | M tokens | stage | s | k tokens/s | CPU s | driver MB | JVM MB | largest worker MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for _, group in runs:
        same = list(group)
        one, stages = same[0], list(same[0]["stages"])
        for stage in [*stages, *(["all"] if len(stages) > 1 else [])]:
            parts = [stages if stage == "all" else [stage]] * len(same)
            takes = [[run["stages"][name] for name in names] for run, names in zip(same, parts, strict=True)]
            seconds = [sum(part["seconds"] for part in run) for run in takes]
            cpu = statistics.median(sum(part["cpu"] for part in run) for run in takes)
            driver, jvm, worker = (
                max(part[kind] for run in takes for part in run)
                for kind in ("driver_mb", "jvm_mb", "worker_mb")
            )
            middle = statistics.median(seconds)
            lines.append(
                f"| {one['what']} {one['master']} | ×{one['scale']} | {one['tokens'] / 1e6:.1f} | {stage} | "
                f"{middle:.1f} ({min(seconds):.1f}–{max(seconds):.1f}) | {one['tokens'] / middle / 1e3:,.0f} | "
                f"{cpu:.1f} | {driver} | {jvm or '–'} | {worker or '–'} |"
            )
    return "\n".join(lines)


def _place(result: dict) -> tuple[str, str, int]:
    return "" if result["what"] == "ours" else result["what"], result["master"], result["scale"]
