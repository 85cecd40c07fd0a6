"""A column of a CSV or TSV file with a header, block by block.

Values may hold line ends between quotes. All values are text; an empty field without quotes is no value.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import csv

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.readers.block import Block
from w2v_core.readers.columns import (
    block_of,
    check_columns,
    configured_columns,
    raise_if_unreadable,
    weights_of_text,
)
from w2v_core.readers.csv_header import first_rows
from w2v_core.readers.detect_format import HEAD_BYTES
from w2v_core.readers.lines import open_split
from w2v_core.readers.missing_columns import present, with_missing
from w2v_core.readers.splits import Split

_BLOCK_BYTES = 8 << 20
_ROWS_A_BLOCK = 8_192


def read_csv(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the rows of the file. Raises UserError for a damaged file or a missing column."""
    for batch in csv_batches(split, config, configured_columns(config), counters):
        yield block_of(batch, config, split.file.path, counters)


def csv_batches(
    split: Split, config: TokenizeConfig, names: Sequence[str], counters: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the columns `names` of these rows. Raises as `read_csv`.

    Rows with another number of fields than the header count as bad rows; with `strict` they raise UserError.
    """
    path, delimiter = split.file.path, split.file.kind.delimiter
    with raise_if_unreadable(path):
        with open_split(split) as stream:
            head = stream.read(HEAD_BYTES)
        text = head.decode(errors="replace").removeprefix("\ufeff")
        header, *rows = first_rows(text, delimiter, 2) or [[]]
        if len(head) < HEAD_BYTES and not rows:
            return
        schema = pa.schema(
            [(name, pa.float64() if name == config.weight_column else pa.string()) for name in header]
        )
        check_columns(schema, config, path)
        counters["input_bytes"] += split.end - split.begin
        columns = present(names, schema)
        with open_split(split) as stream:
            for batch in _batches(stream, delimiter, columns, _BadRows(path, config.strict, counters)):
                yield _typed(batch, names, config, path)


class _BadRows:
    """The handler of rows with more or fewer fields than the header."""

    def __init__(self, path: str, strict: bool, counters: Counter[str]) -> None:
        self._path, self._strict, self._counters = path, strict, counters
        self.refused: str | None = None

    def __call__(self, row: csv.InvalidRow) -> str:
        if self._strict:
            self.refused = (
                f"{self._path} has a row of {row.actual_columns} fields under a header of {row.expected_columns}: "
                f"{row.text[:80]!r}; fix it, or leave out --strict to have such rows skipped and counted"
            )
            return "error"
        self._counters["rows"] += 1
        self._counters["bad_rows"] += 1
        self._counters["bad_rows_of_other_fields"] += 1
        return "skip"


def _batches(
    stream: object, delimiter: str, columns: list[str], bad_rows: _BadRows
) -> Iterator[pa.RecordBatch]:
    try:
        reader = csv.open_csv(
            stream,
            csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=bad_rows),
            csv.ConvertOptions(
                check_utf8=False,
                include_columns=columns,
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for batch in reader:
            for begin in range(0, batch.num_rows, _ROWS_A_BLOCK):
                yield batch.slice(begin, _ROWS_A_BLOCK)
    except pa.ArrowInvalid as error:
        if bad_rows.refused is not None:
            raise InputError(bad_rows.refused) from None
        if "straddling" in str(error):
            raise InputError(
                f"{bad_rows._path} has a row of more than {_BLOCK_BYTES:,} bytes; cut it into smaller ones"
            ) from None
        raise


def _typed(batch: pa.RecordBatch, names: Sequence[str], config: TokenizeConfig, path: str) -> pa.RecordBatch:
    """Return the rows with their weights as numbers."""
    if config.weight_column is not None and config.weight_column in batch.schema.names:
        column = batch.schema.names.index(config.weight_column)
        weights = weights_of_text(batch.column(column), config.weight_column, path)
        batch = batch.set_column(column, config.weight_column, weights)
    return with_missing(batch, names, config)
