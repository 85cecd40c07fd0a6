"""A split to documents: a row of a table, a JSON line, or a line of text. B: documents of a batch, L: their lines.

Every row is a document, also one without text. Its row is its place in the file: of text and JSON lines the line, of
tables the row, from 0 on. A blank line of a JSON file is no document.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.readers.arrow_ipc import arrow_batches
from w2v_core.readers.avro import avro_batches
from w2v_core.readers.block import Block
from w2v_core.readers.columns import block_of, integer_ids, parquet_batches, parsed, row_of, without_empty
from w2v_core.readers.csv_rows import csv_batches
from w2v_core.readers.lines import read_lines
from w2v_core.readers.nested_columns import value_at
from w2v_core.readers.orc import orc_batches
from w2v_core.readers.splits import InputFile, Split
from w2v_core.readers.wiki_extractor import text_lines
from w2v_core.types import Int64Array

_Batches = Callable[[Split, TokenizeConfig, Sequence[str], Counter[str]], Iterator[pa.RecordBatch]]
_BATCHES: dict[str, _Batches] = {
    "parquet": parquet_batches,
    "orc": orc_batches,
    "avro": avro_batches,
    "arrow": arrow_batches,
    "csv": csv_batches,
    "tsv": csv_batches,
}


@dataclass(frozen=True)
class Documents:
    """Some documents in order, and what they say: blocks of texts or of ready tokens, by the document's place here."""

    row_numbers: Int64Array
    """rows of the split, from 0 on"""
    ids: pa.StringArray | None
    """where asked for; null where a row has none"""
    blocks: tuple[Block, ...]

    def __len__(self) -> int:
        return len(self.row_numbers)


def check_formats(files: Sequence[InputFile], id_column: str | None) -> None:
    """UserError for files that have no documents, or no ids, as asked."""
    for file in files:
        if file.format == "mediawiki":
            raise InputError(
                f"{file.path} is a MediaWiki dump, whose articles have no row that a vector could be found by; give "
                "them as JSON lines or Parquet, with embed.id_column for their titles"
            )
        if file.format == "text" and id_column is not None:
            raise InputError(
                f"{file.path} is text, and embed.id_column = {id_column} is a column of tables and JSON lines; leave "
                "it out, and documents are known by their file and line"
            )


def read_documents(
    split: Split, config: TokenizeConfig, id_column: str | None, counters: Counter[str]
) -> Iterator[Documents]:
    """The documents that begin in the split. UserError for a damaged file, and for columns that are not there."""
    if split.file.format == "text":
        yield from _read_text(split, config, counters)
    elif split.file.format == "json lines":
        yield from _read_json_lines(split, config, id_column, counters)
    else:
        yield from _read_table(split, config, id_column, counters)


def count_rows(split: Split, config: TokenizeConfig) -> int:
    """The rows that begin in the split."""
    unused: Counter[str] = Counter()
    if split.file.format in _BATCHES:
        return sum(map(len, _BATCHES[split.file.format](split, config, [config.column], unused)))
    return sum(map(len, read_lines(split, False, unused, cut_long=False)))


def _read_text(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Documents]:
    first = 0
    blocks = read_lines(split, config.strict, counters, cut_long=False)
    for lines, is_doc in text_lines(split, blocks):
        is_text_B = ~is_doc.to_numpy(zero_copy_only=False)
        counters["doc_lines"] += int(np.count_nonzero(~is_text_B))
        counters["lines"] += int(np.count_nonzero(~is_text_B))
        text = Block(lines.filter(pa.array(is_text_B)), documents=np.flatnonzero(is_text_B))
        yield Documents(first + np.arange(len(lines)), None, (text,))
        first += len(lines)


def _read_table(
    split: Split, config: TokenizeConfig, id_column: str | None, counters: Counter[str]
) -> Iterator[Documents]:
    first, path = 0, split.file.path
    names = [config.column] if id_column in (None, config.column) else [config.column, id_column]
    for batch in _BATCHES[split.file.format](split, config, names, counters):
        batch = integer_ids(batch, config, path, counters)
        has_text_B = batch.column(config.column).is_valid().to_numpy(zero_copy_only=False)
        block = replace(block_of(batch, config, path, counters), documents=np.flatnonzero(has_text_B))
        ids = None if id_column is None else _ids_of(batch, id_column, path)
        yield Documents(first + np.arange(len(batch)), ids, (block,))
        first += len(batch)


def _ids_of(batch: pa.RecordBatch, id_column: str, path: str) -> pa.StringArray:
    if id_column not in batch.schema.names:
        raise InputError(
            f"{path} has no column {id_column!r}; name another by embed.id_column, or leave it out"
        )
    values = batch.column(id_column)
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise InputError(
            f"column {id_column!r} of {path} is {kind}; embed.id_column must name text or integers"
        )
    return pc.cast(values, pa.string())


def _read_json_lines(
    split: Split, config: TokenizeConfig, id_column: str | None, counters: Counter[str]
) -> Iterator[Documents]:
    first, path = 0, split.file.path
    for lines in read_lines(split, config.strict, counters, cut_long=False):
        positions, ids, values = [], [], []
        for position, line in enumerate(lines.to_pylist()):
            if not line or line.isspace():
                continue
            counters["rows"] += 1
            row = parsed(line)
            positions.append(first + position)
            values.append(row_of(row, line, config, path, counters).value)
            if id_column is not None:
                ids.append(_json_id(row, id_column, path))
        column = None if id_column is None else pa.array(ids, pa.string())
        yield Documents(np.array(positions, np.int64), column, _blocks_of(values, counters))
        first += len(lines)


def _json_id(row: Any, id_column: str, path: str) -> str | None:
    found = value_at(row, id_column) if isinstance(row, dict) else None
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    raise InputError(f"{path} has {found!r} under {id_column!r}; embed.id_column must name text or integers")


def _blocks_of(values: list[Any], counters: Counter[str]) -> tuple[Block, ...]:
    """Texts, and lists of tokens, by their places; None is neither."""
    texts = [position for position, value in enumerate(values) if isinstance(value, str)]
    lists = [position for position, value in enumerate(values) if isinstance(value, list)]
    parent_T = np.repeat(np.arange(len(lists)), [len(values[position]) for position in lists])
    tokens = pa.array([token for position in lists for token in values[position]], pa.string())
    return (
        Block(
            pa.array([values[position] for position in texts], pa.string()),
            documents=np.array(texts, np.int64),
        ),
        Block(without_empty(tokens, parent_T, len(lists), counters), documents=np.array(lists, np.int64)),
    )
