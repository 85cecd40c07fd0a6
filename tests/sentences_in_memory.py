"""Sentences that a program holds, in every form that `fit` takes."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

TOPICS = (["king", "queen", "crown", "throne", "castle"], ["cat", "dog", "mouse", "tail", "fur"])


def sentences(number: int = 300, seed: int = 1) -> list[list[str]]:
    """Sentences of two topics, whose words come with each other."""
    draw = random.Random(seed)
    return [draw.choices(TOPICS[draw.randrange(2)], k=8) for _ in range(number)]


class Again:
    """An object whose iterators begin anew."""

    def __init__(self, lists: list[list[str]]) -> None:
        self.lists = lists

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self.lists)


class HuggingFace:
    """The methods of a Hugging Face Dataset that are used."""

    def __init__(self, table: pa.Table, columns: list[str] | None = None, kind: str = "") -> None:
        self.table = table
        self.features = dict.fromkeys(table.column_names)
        self.column_names = table.column_names
        self.kind = kind

    def select_columns(self, names: list[str]) -> "HuggingFace":
        return HuggingFace(self.table.select(names), kind=self.kind)

    def with_format(self, kind: str) -> "HuggingFace":
        return HuggingFace(self.table, kind=kind)

    def iter(self, batch_size: int) -> Iterator[pa.Table]:
        assert self.kind == "arrow"
        for begin in range(0, len(self.table), batch_size):
            yield self.table.slice(begin, batch_size)


def table_of(lists: list[list[str]]) -> pa.Table:
    """The sentences in the column `words`, beside another column."""
    return pa.table({"words": pa.array(lists, pa.list_(pa.string())), "id": range(len(lists))})


def dataset_of(lists: list[list[str]], folder: Path) -> ds.Dataset:
    pq.write_table(table_of(lists), folder / "rows.parquet")
    return ds.dataset(folder / "rows.parquet")


def files_of(lists: list[list[str]], folder: Path) -> list[Path]:
    """Two files of lines."""
    paths = [folder / "a.txt", folder / "b.txt"]
    half = len(lists) // 2
    for path, part in zip(paths, (lists[:half], lists[half:]), strict=True):
        path.write_text("".join(" ".join(sentence) + "\n" for sentence in part))
    return paths


def pandas_frame(lists: list[list[str]], _: Path) -> Any:
    import pandas as pd

    return pd.DataFrame({"words": lists, "id": range(len(lists)), "mixed": [1, "a"] * (len(lists) // 2)})


def polars_frame(lists: list[list[str]], _: Path) -> Any:
    import polars as pl

    return pl.DataFrame({"words": lists, "id": range(len(lists))})


FORMS: dict[str, Callable[[list[list[str]], Path], Any]] = {
    "generator": lambda lists, _: (sentence for sentence in lists),
    "tuples": lambda lists, _: tuple(map(tuple, lists)),
    "iterators of tokens": lambda lists, _: map(iter, lists),
    "object": lambda lists, _: Again(lists),
    "path": lambda lists, folder: files_of(lists, folder)[0].parent,
    "paths": lambda lists, folder: files_of(lists, folder),
    "glob": lambda lists, folder: str(files_of(lists, folder)[0].with_name("*.txt")),
    "URI": lambda lists, folder: files_of(lists, folder)[0].parent.as_uri(),
}
"""Without a column."""

TABLES: dict[str, Callable[[list[list[str]], Path], Any]] = {
    "Arrow table": lambda lists, _: table_of(lists),
    "Arrow batch": lambda lists, _: table_of(lists).combine_chunks().to_batches()[0],
    "Arrow reader": lambda lists, _: table_of(lists).to_reader(max_chunksize=50),
    "Arrow dataset": dataset_of,
    "Arrow scanner": lambda lists, folder: dataset_of(lists, folder).scanner(),
    "Arrow array": lambda lists, _: pa.array(lists),
    "Arrow views": lambda lists, _: pa.table({"words": pa.array(lists, pa.list_(pa.string_view()))}),
    "Hugging Face": lambda lists, _: HuggingFace(table_of(lists)),
    "pandas": pandas_frame,
    "polars": polars_frame,
    "polars lazy": lambda lists, folder: polars_frame(lists, folder).lazy(),
    "Arrow stream": lambda lists, _: Stream(table_of(lists)),
}
"""With the column `words`."""


class Stream:
    """An object of a library that exports an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)
