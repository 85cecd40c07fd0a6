"""Small inputs of every kind that preprocessing reads, with the settings that read them."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq

SETTINGS = (
    "tokenize.split_bytes=9000",
    "vocab.sample=0.01",
    "shards.window=3",
    "shards.target_rows=2000",
)


class Case(NamedTuple):
    """An input that `write` puts into a folder, and settings over SETTINGS."""

    write: Callable[[Path], None]
    settings: tuple[str, ...] = ()


def lines(count: int = 500, seed: int = 1) -> list[str]:
    """Lines of a few words in several scripts, frequent and rare."""
    draw = random.Random(seed)
    words = [f"{stem}{number}" for stem in ("word", "낱말", "語", "é") for number in range(60)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    return [" ".join(draw.choices(words, weights, k=draw.randrange(1, 18))) for _ in range(count)]


def write_text(folder: Path) -> None:
    for number in range(3):
        (folder / f"{number} 글.txt").write_text("\n".join(lines(seed=number)), encoding="utf-8")


def write_gzip(folder: Path) -> None:
    for number in range(3):
        text = "\n".join(lines(seed=number)).encode()
        (folder / f"{number}.txt.gz").write_bytes(gzip.compress(text, mtime=0))


def write_json(folder: Path) -> None:
    rows = [json.dumps({"body": line, "n": 1}) for line in lines()]
    (folder / "a.jsonl").write_text("\n".join([*rows, "{broken", "{}"]), encoding="utf-8")


def weighted() -> pa.Table:
    texts = lines()
    return pa.table({"text": texts, "importance": [0.5 + len(text) % 3 for text in texts]})


def write_parquet(folder: Path) -> None:
    for number in range(3):
        pq.write_table(weighted().slice(number * 150, 150), folder / f"{number}.parquet", row_group_size=40)


def write_orc(folder: Path) -> None:
    pyarrow.orc.write_table(weighted(), str(folder / "a.orc"))


def write_avro(folder: Path) -> None:
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "string"}]}
    with (folder / "a.avro").open("wb") as out:
        fastavro.writer(
            out, schema, [{"text": line} for line in lines()], sync_interval=2000, sync_marker=b"s" * 16
        )


def write_ids(folder: Path) -> None:
    rng = np.random.default_rng(1)
    ids = [rng.zipf(1.5, rng.integers(1, 9)).clip(max=90).tolist() for _ in range(2000)]
    pq.write_table(pa.table({"text": pa.array(ids, pa.list_(pa.int64()))}), folder / "ids.parquet")


def write_mediawiki(folder: Path) -> None:
    pages = "".join(
        f"<page><title>{number}</title><ns>0</ns><revision><text>'''{line}''' [[{line}]]</text></revision></page>\n"
        for number, line in enumerate(lines())
    )
    (folder / "dump.xml").write_text(f"<mediawiki>\n{pages}</mediawiki>", encoding="utf-8")


def write_hot_line(folder: Path) -> None:
    """One line is half of the corpus."""
    texts = lines()
    hot = "the same line again and again"
    (folder / "a.txt").write_text("\n".join(line for each in texts for line in (each, hot)), encoding="utf-8")


def write_phrases(folder: Path) -> None:
    texts = [
        f"{line} new york times" if n % 3 else f"bank of america {line}" for n, line in enumerate(lines())
    ]
    (folder / "a.txt").write_text("\n".join(texts), encoding="utf-8")


CASES = {
    "text": Case(write_text),
    "gzip": Case(write_gzip),
    "JSON lines": Case(write_json, ("tokenize.column=body",)),
    "Parquet with weights": Case(write_parquet, ("tokenize.weight_column=importance",)),
    "ORC": Case(write_orc),
    "Avro": Case(write_avro),
    "lists of ids": Case(write_ids),
    "MediaWiki": Case(write_mediawiki, ("tokenize.format=mediawiki",)),
    "phrases in two passes": Case(
        write_phrases, ("phrases.passes=2", "phrases.min_count=3", "phrases.threshold=0.1")
    ),
    "phrases with weights": Case(
        write_parquet,
        (
            "tokenize.weight_column=importance",
            "phrases.passes=1",
            "phrases.min_count=2",
            "phrases.threshold=0.1",
        ),
    ),
    "shards in two passes": Case(write_text, ("shards.passes=2",)),
    "a hot line": Case(write_hot_line),
    "many small shards": Case(write_text, ("shards.target_rows=1000", "vocab.sample=0")),
    "rare words kept": Case(write_text, ("vocab.accumulate=true", "vocab.min_count=8")),
}
