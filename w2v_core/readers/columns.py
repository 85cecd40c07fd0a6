"""A column of a Parquet file or of JSON lines, as blocks of texts or of token lists.

Counters:

    rows                   all rows read
    rows_without_text      the column is missing or null
    rows_without_weight    the weight is missing or null, and counts as 1
    bad_rows               lines that are not JSON objects, and rows whose columns have another type
    empty_tokens           tokens of lists that are null or empty
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.readers.block import Block
from w2v_core.readers.dictionary_decoding import decoded_batches
from w2v_core.readers.lines import read_lines, utf8
from w2v_core.readers.missing_columns import present, with_missing
from w2v_core.readers.nested_columns import flattened, is_of, value_at, with_nested
from w2v_core.readers.splits import Split
from w2v_core.schemas import TOKENS
from w2v_core.types import Float32Array, IntArray

_BATCH_BYTES = 1 << 20
_MOST_ROWS = 65_536
MOST_TEXT_BYTES = 4 << 20


def read_parquet(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the rows of the row groups of the split. Raises UserError for a damaged file or a missing column."""
    for batch in parquet_batches(split, config, configured_columns(config), counters):
        yield block_of(batch, config, split.file.path, counters)


def parquet_batches(
    split: Split, config: TokenizeConfig, names: Sequence[str], counters: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the columns `names` of these rows. Raises as `read_parquet`."""
    path = split.file.path
    with (
        raise_if_unreadable(path),
        open_folder(split.file.root).filesystem.open_input_file(path) as source,
    ):
        file = pq.ParquetFile(source)
        if file.metadata.num_rows == 0:
            return
        schema = with_nested(file.schema_arrow, names)
        check_columns(schema, config, path)
        columns = present(names, schema)
        groups = [
            i
            for i in range(file.num_row_groups)
            if file.metadata.row_group(i).num_rows and split.begin <= _begin(file.metadata, i) < split.end
        ]
        counters["input_bytes"] += sum(_compressed_bytes(file.metadata, i, names) for i in groups)
        kinds = {name: _inner(schema.field(name).type) for name in columns}
        folded = _folded_columns(file, kinds)
        nested = any("." in column for column in folded) or any(map(pa.types.is_dictionary, kinds.values()))
        together = [[i] for i in groups] if nested else [groups]
        for part in filter(None, together):
            for batch in _rows_of_groups(source, file.metadata, part, columns, folded, path):
                yield with_missing(batch, names, config)


def _rows_of_groups(
    source: pa.NativeFile,
    metadata: pq.FileMetaData,
    groups: list[int],
    names: Sequence[str],
    folded: list[str],
    path: str,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows in batches that the length of their texts limits.

    PyArrow cannot read dictionary lists from a row group whose writer stopped using its dictionary. The rest of such a
    row group is read without dictionaries.
    """
    num_read = 0
    options = {"batch_size": _rows_a_batch(metadata, groups), "row_groups": groups, "columns": list(names)}
    try:
        for batch in pq.ParquetFile(source, metadata=metadata, read_dictionary=folded).iter_batches(
            **options
        ):
            yield from decoded_batches(flattened(batch, names), MOST_TEXT_BYTES, path)
            num_read += len(batch)
    except pa.ArrowNotImplementedError:
        for batch in pq.ParquetFile(source, metadata=metadata).iter_batches(**options):
            yield flattened(batch, names).slice(min(num_read, len(batch)))
            num_read -= min(num_read, len(batch))


def _folded_columns(file: pq.ParquetFile, kinds: Mapping[str, pa.DataType]) -> list[str]:
    """The paths of the columns of text, plain or in lists, that hold dictionaries, among those of these types."""
    if not file.num_row_groups:
        return []
    positions = {file.schema.column(position).path: position for position in range(len(file.schema))}
    first = file.metadata.row_group(0)
    return [
        path
        for path, position in positions.items()
        if any(is_of(path, name) and pa.types.is_string(kind) for name, kind in kinds.items())
        and first.column(position).has_dictionary_page
    ]


def _inner(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if _is_list(kind) else kind


def configured_columns(config: TokenizeConfig) -> list[str]:
    """Return the columns that the settings name: text or tokens, and the weight if there is one."""
    return [name for name in (config.column, config.weight_column) if name is not None]


@contextmanager
def raise_if_unreadable(path: str, *faults: type[Exception]) -> Iterator[None]:
    """Raise an error of PyArrow, of the disk, or of the types `faults` as a UserError that names the file."""
    try:
        with access(path):
            yield
    except UserError:
        raise
    except (pa.ArrowException, OSError, *faults) as error:
        raise InputError(
            f"{path} cannot be read ({error}); check that it is complete and of a supported format"
        ) from None


def _rows_a_batch(metadata: pq.FileMetaData, groups: list[int]) -> int:
    """Return the number of rows that take about _BATCH_BYTES in all columns."""
    sizes = [metadata.row_group(i) for i in groups]
    num_bytes, num_rows = sum(g.total_byte_size for g in sizes), sum(g.num_rows for g in sizes)
    return int(min(_MOST_ROWS, max(1, num_rows * _BATCH_BYTES // max(num_bytes, 1))))


def _begin(metadata: pq.FileMetaData, row_group: int) -> int:
    """Return the first byte of a row group."""
    first = metadata.row_group(row_group).column(0)
    return int(first.dictionary_page_offset if first.has_dictionary_page else first.data_page_offset)


def _compressed_bytes(metadata: pq.FileMetaData, row_group: int, names: Sequence[str]) -> int:
    group = metadata.row_group(row_group)
    chunks = (group.column(i) for i in range(group.num_columns))
    return sum(
        chunk.total_compressed_size
        for chunk in chunks
        if any(is_of(chunk.path_in_schema, name) for name in names)
    )


def check_columns(schema: pa.Schema, config: TokenizeConfig, path: str) -> None:
    """Raise UserError if a column that the settings name is missing or has another type."""
    kind = _type_of(schema, config.column, "tokenize.column", config.missing_column, path)
    inner = _inner(kind)
    is_number = pa.types.is_integer(inner) or pa.types.is_floating(inner)
    if not (_is_text(inner) or (_is_list(kind) and is_number)):
        raise InputError(
            f"column {config.column!r} of {path} is {kind}; tokenize.column must name text, or lists of tokens or "
            "of ids"
        )
    if config.weight_column is not None:
        kind = _type_of(schema, config.weight_column, "tokenize.weight_column", config.missing_column, path)
        types = pa.types
        if not any(
            is_kind(kind)
            for is_kind in (types.is_integer, types.is_floating, types.is_decimal, types.is_null)
        ):
            raise InputError(
                f"column {config.weight_column!r} of {path} is {kind}; tokenize.weight_column must name numbers"
            )


def _type_of(schema: pa.Schema, column: str, key: str, missing_column: str, path: str) -> pa.DataType:
    if column not in schema.names and missing_column == "null":
        return pa.null()
    if schema.names.count(column) != 1:
        count = "no column" if column not in schema.names else "more than one column"
        raise InputError(
            f"{path} has {count} {column!r} among {', '.join(map(repr, schema.names))}; name one by {key}"
            + (
                ""
                if column in schema.names
                else ', or set tokenize.missing_column = "null" for files that lack it'
            )
        )
    return schema.field(column).type


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, *_LIST_VIEWS)
    return any(is_kind(kind) for is_kind in lists)


_LIST_VIEWS = (pa.types.is_list_view, pa.types.is_large_list_view)
_TEXT_TYPES = frozenset(
    (
        *(pa.null(), pa.string(), pa.large_string(), pa.string_view()),
        *(
            pa.binary(),
            pa.large_binary(),
            pa.binary_view(),
        ),  # text to writers without a type of its own for it
    )
)


def _is_text(kind: pa.DataType) -> bool:
    return (kind.value_type if pa.types.is_dictionary(kind) else kind) in _TEXT_TYPES


def block_of(rows: pa.RecordBatch, config: TokenizeConfig, path: str, counters: Counter[str]) -> Block:
    """Return the rows with text or tokens. Raises UserError for a weight that is not finite and >= 0."""
    rows = integer_ids(rows, config, path, counters)
    values = rows.column(config.column)
    has_text = values.is_valid()
    counters["rows"] += len(values)
    counters["rows_without_text"] += values.null_count
    weight_I = None
    if config.weight_column is not None:
        weight_I = _weights(
            rows.column(config.weight_column).filter(has_text), config.weight_column, path, counters
        )
    return Block(_tokens_or_texts(values.drop_null(), path, config.strict, counters), weight_I)


def integer_ids(
    rows: pa.RecordBatch, config: TokenizeConfig, path: str, counters: Counter[str]
) -> pa.RecordBatch:
    """Return the rows with float ids, which pandas makes of integers with gaps, as integers: 1.0 is 1, NaN is null.

    Lists with other floats become null and count as bad rows, not as rows without text; `strict` rejects them.
    """
    column = rows.schema.names.index(config.column)
    values = _without_views(rows.column(column))
    if not (_is_list(values.type) and pa.types.is_floating(values.type.value_type)):
        return rows.set_column(column, config.column, values)
    as_floats = [None if ids is None else [_id_of(token) for token in ids] for ids in values.to_pylist()]
    as_integers = [None if ids is None or _NO_ID in ids else ids for ids in as_floats]
    num_bad = as_integers.count(None) - as_floats.count(None)
    if num_bad and config.strict:
        raise InputError(
            f"column {config.column!r} of {path} holds lists of floats that are not integers; write ids as integers, "
            "or leave out --strict to have such rows skipped and counted"
        )
    counters["bad_rows"] += num_bad
    counters["bad_rows_with_fractions"] += num_bad
    counters["rows_without_text"] -= num_bad  # they are null from here on
    return rows.set_column(column, config.column, pa.array(as_integers, pa.list_(pa.int64())))


def _without_views(values: pa.Array) -> pa.Array:
    """Return string and list views as plain types, since PyArrow lacks operations on views and casts some wrongly."""
    if any(is_view(values.type) for is_view in _LIST_VIEWS):
        return pa.array(values.to_pylist(), pa.large_list(values.type.value_type))
    return values.cast(pa.large_binary()) if values.type in (pa.string_view(), pa.binary_view()) else values


_NO_ID = object()
_LARGEST_ID = 2**53
"""from here on a float represents several integers"""


def _id_of(token: Any) -> Any:
    """Return a token, where whole floats become integers and NaN null; _NO_ID for other floats."""
    if not isinstance(token, float):
        return token
    if math.isnan(token):
        return None
    return int(token) if token.is_integer() and abs(token) < _LARGEST_ID else _NO_ID


def weights_of_text(values: pa.Array, column: str, path: str) -> pa.Array:
    """Return texts as numbers. Raises UserError for a text that is not a number."""
    texts = pc.utf8_trim_whitespace(values)
    try:
        return pc.if_else(pc.equal(texts, ""), None, texts).cast(pa.float64())
    except pa.ArrowInvalid:
        wrong = next(text for text in texts.to_pylist() if text and not _is_number(text))
        raise InputError(
            f"column {column!r} of {path} holds {wrong!r}; a weight is a finite number of at least 0"
        ) from None


def _is_number(text: str) -> bool:
    try:
        pa.scalar(text).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _weights(weights: pa.Array, column: str, path: str, counters: Counter[str]) -> Float32Array:
    counters["rows_without_weight"] += weights.null_count
    given = weights.cast(pa.float64()).fill_null(1.0).to_numpy(zero_copy_only=False)
    weight_I: Float32Array = given.astype(np.float32)
    wrong = np.flatnonzero(~(np.isfinite(weight_I) & (weight_I >= 0)))
    if len(wrong):
        raise InputError(
            f"column {column!r} of {path} holds {given[wrong[0]]!r}; a weight is a finite number of at least 0"
        )
    return weight_I


def _tokens_or_texts(
    values: pa.Array, path: str, strict: bool, counters: Counter[str]
) -> pa.StringArray | pa.ListArray:
    if not _is_list(values.type):
        return _texts(values, path, strict, counters)
    parent = pc.list_parent_indices(values)
    tokens = _without_views(values.flatten())
    if pa.types.is_integer(tokens.type):
        tokens = tokens.cast(pa.string())
    else:
        known = pa.array(tokens.is_valid())
        texts = _texts(tokens.drop_null(), path, strict, counters)
        tokens = (
            texts
            if tokens.null_count == 0
            else pc.replace_with_mask(pa.nulls(len(tokens), pa.string()), known, texts)
        )
    return without_empty(tokens, parent.to_numpy(), len(values), counters)


def _texts(values: pa.Array, path: str, strict: bool, counters: Counter[str]) -> pa.StringArray:
    """Return the column as UTF-8, also if the file holds other bytes."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.string())
    as_bytes = values.cast(pa.binary())
    texts = as_bytes.view(pa.string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        replaced = [
            None if value is None else utf8(value, path, strict, counters) for value in as_bytes.to_pylist()
        ]
        texts = pa.array(replaced, pa.binary()).cast(pa.string())
    return texts


def read_json_lines(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the values of the lines that begin in the split. With `strict`, raises UserError for an invalid line."""
    for lines in read_lines(split, config.strict, counters, cut_long=False):
        texts, sessions = _Gathered(), _Gathered()
        for line in lines.to_pylist():
            if not line or line.isspace():
                continue
            counters["rows"] += 1
            row = row_of(parsed(line), line, config, split.file.path, counters)
            if isinstance(row.value, str):
                texts.add(row)
            elif row.value is not None:
                sessions.add(row)
        if texts.values:
            yield Block(pa.array(texts.values, pa.string()), texts.weights_of(config))
        if sessions.values:
            parent = np.repeat(np.arange(len(sessions.values)), [len(session) for session in sessions.values])
            tokens = pa.array([token for session in sessions.values for token in session], pa.string())
            lists = without_empty(tokens, parent, len(sessions.values), counters)
            yield Block(lists, sessions.weights_of(config))


@dataclass(frozen=True)
class Row:
    """The value of a JSON line: text, tokens or None, and its weight."""

    value: str | list[str | None] | None
    weight: float = 1.0


@dataclass(frozen=True)
class _Gathered:
    values: list[Any] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.values.append(row.value)
        self.weights.append(row.weight)

    def weights_of(self, config: TokenizeConfig) -> Float32Array | None:
        return None if config.weight_column is None else np.array(self.weights, np.float32)


def parsed(line: str) -> Any:
    """Return the parsed line, or NOT_JSON if it is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return NOT_JSON


NOT_JSON = object()
BAD_ROWS = {
    "bad_rows_not_json": "not JSON",
    "bad_rows_not_objects": "JSON, but not an object",
    "bad_rows_of_other_types": "without text or a list of tokens in the column",
    "bad_rows_with_fractions": "with floats that are not whole numbers as ids",
    "bad_rows_of_other_weights": "with a weight that is not a finite number of at least 0",
    "bad_rows_of_other_fields": "of more or fewer fields than the header",
}
"""counters of bad rows by reason, and the reason in words"""


def _fault(row: Any, value: Any, weight: Any) -> str | None:
    """Return the counter of a bad row, None for a valid row."""
    if row is NOT_JSON:
        return "bad_rows_not_json"
    if not isinstance(row, dict):
        return "bad_rows_not_objects"
    if not _is_value(value):
        numbers = isinstance(value, list) and all(
            isinstance(token, float) or _is_token(token) for token in value
        )
        return "bad_rows_with_fractions" if numbers else "bad_rows_of_other_types"
    return None if weight is None or _is_weight(weight) else "bad_rows_of_other_weights"


def row_of(row: Any, line: str, config: TokenizeConfig, path: str, counters: Counter[str]) -> Row:
    """What the columns hold of `row`, the JSON of `line`: text or tokens, or None where that is counted; the weight."""
    value: Any = value_at(row, config.column) if isinstance(row, dict) else ...
    weight = value_at(row, config.weight_column) if isinstance(row, dict) and config.weight_column else 1.0
    if value is None:
        counters["rows_without_text"] += 1
        return Row(None)
    if (fault := _fault(row, value, weight)) is None:
        counters["rows_without_weight"] += weight is None
        return Row(
            _value_without_surrogates(value, path, config.strict, counters),
            1.0 if weight is None else float(weight),
        )
    if config.strict:
        _reject(line, config.column, path)
    counters["bad_rows"] += 1
    counters[fault] += 1
    return Row(None)


def _value_without_surrogates(
    value: str | list[Any], path: str, strict: bool, counters: Counter[str]
) -> str | list[str | None]:
    if isinstance(value, str):
        return _without_surrogates(value, path, strict, counters)
    ids = map(_id_of, value)
    return [
        None if token is None else _without_surrogates(str(token), path, strict, counters) for token in ids
    ]


def _is_value(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(map(_is_token, value)))


def _is_weight(weight: object) -> bool:
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return False
    return 0 <= weight <= float(np.finfo(np.float32).max)


def _is_token(token: object) -> bool:
    return token is None or (
        isinstance(token, str | int | float) and not isinstance(token, bool) and _id_of(token) is not _NO_ID
    )


def _reject(line: str, column: str, path: str) -> NoReturn:
    raise InputError(
        f"{path} has a line that is not a JSON object with text or tokens under {column!r}: {line[:80]!r}; fix it, "
        "or leave out --strict to have such lines skipped and counted"
    )


def _without_surrogates(text: str, path: str, strict: bool, counters: Counter[str]) -> str:
    """Return `text` without the lone surrogates that JSON escapes can encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if strict:
            raise InputError(
                f"{path} has a lone surrogate in {text[:80]!a}; leave out --strict to have it replaced"
            ) from None
        counters["replaced_characters"] += joined.count("\ufffd") - text.count("\ufffd")
        return joined
    return text


def without_empty(
    tokens: pa.Array, parent_T: IntArray, num_lists: int, counters: Counter[str]
) -> pa.ListArray:
    """Return the lists of `tokens`, each in list `parent_T`, without null and empty tokens."""
    valid = pc.and_kleene(tokens.is_valid(), pc.not_equal(tokens, "")).fill_null(False)
    valid_T = valid.to_numpy(zero_copy_only=False)
    counters["empty_tokens"] += len(tokens) - int(np.count_nonzero(valid_T))
    offsets = np.zeros(num_lists + 1, np.int32)
    np.cumsum(np.bincount(parent_T[valid_T], minlength=num_lists), out=offsets[1:])
    return pa.ListArray.from_arrays(offsets, tokens.filter(valid), type=TOKENS.field("tokens").type)
