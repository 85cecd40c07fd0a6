"""A column of a table to texts, or to sentences that are tokens already: Parquet and JSON lines.

A block is a list of texts, or a list<string> array of token lists: sessions, baskets, walks. What rows lack is counted:

    rows                 read, whatever they held
    rows_without_text    the column is missing there, or null
    bad_rows             lines that are no JSON object, or whose column holds something else
    empty_tokens         ready tokens that are null or empty, which nobody could ask for
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from w2v_core.errors import UserError
from w2v_core.schemas import TOKENS
from w2v_core.storage import open_folder
from w2v_core.text.inputs import Split
from w2v_core.text.lines import decode, read_lines

Block: TypeAlias = list[str] | pa.ListArray
_BATCH_ROWS = 4096


def read_parquet(split: Split, column: str, strict: bool, counters: Counter[str]) -> Iterator[Block]:
    """The rows of the row groups that begin in the split. UserError for a damaged file or another column."""
    path = split.file.path
    try:
        with open_folder(split.file.root).filesystem.open_input_file(path) as source:
            file = pq.ParquetFile(source)
            field = _field(file.schema_arrow, column, path)
            groups = [
                i for i in range(file.num_row_groups) if split.begin <= _begin(file.metadata, i) < split.end
            ]
            counters["input_bytes"] += sum(_compressed_bytes(file.metadata, i, column) for i in groups)
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=[column]):
                values = batch.column(0)
                counters["rows"] += len(values)
                counters["rows_without_text"] += values.null_count
                yield _block(values.drop_null(), field, path, strict, counters)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{path} cannot be read ({error}); is it damaged, cut short, or of a kind that PyArrow does not read?"
        ) from None


def _begin(metadata: pq.FileMetaData, row_group: int) -> int:
    """The byte at which a row group begins."""
    first = metadata.row_group(row_group).column(0)
    return int(first.dictionary_page_offset if first.has_dictionary_page else first.data_page_offset)


def _compressed_bytes(metadata: pq.FileMetaData, row_group: int, column: str) -> int:
    group = metadata.row_group(row_group)
    chunks = (group.column(i) for i in range(group.num_columns))
    return sum(
        chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] == column
    )


def _field(schema: pa.Schema, column: str, path: str) -> pa.Field:
    if column not in schema.names:
        raise UserError(
            f"{path} has no column {column!r}, but {', '.join(map(repr, schema.names))}; name one by tokenize.column"
        )
    field = schema.field(column)
    kind = field.type.value_type if _is_list(field.type) else field.type
    if not (_is_text(kind) or (_is_list(field.type) and pa.types.is_integer(kind))):
        raise UserError(
            f"column {column!r} of {path} is {field.type}; tokenize.column must name text, or lists of tokens or of ids"
        )
    return field


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _block(values: pa.Array, field: pa.Field, path: str, strict: bool, counters: Counter[str]) -> Block:
    if not _is_list(field.type):
        return _texts(values, path, strict, counters)
    parent = pc.list_parent_indices(values)
    tokens = values.flatten()
    if pa.types.is_integer(tokens.type):
        tokens = tokens.cast(pa.string())
    else:
        known = pa.array(tokens.is_valid())
        texts = pa.array(_texts(tokens.drop_null(), path, strict, counters), pa.string())
        tokens = (
            texts
            if tokens.null_count == 0
            else pc.replace_with_mask(pa.nulls(len(tokens), pa.string()), known, texts)
        )
    return without_empty(tokens, parent.to_numpy(), len(values), counters)


def _texts(values: pa.Array, path: str, strict: bool, counters: Counter[str]) -> list[str]:
    """As str, whatever bytes the file has under the name of UTF-8."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    try:
        texts: list[str] = values.to_pylist()
    except UnicodeDecodeError:
        as_bytes = values.cast(pa.large_binary() if pa.types.is_large_string(values.type) else pa.binary())
        texts = [decode(value, path, strict, counters) for value in as_bytes.to_pylist()]
    return texts


def read_json_lines(split: Split, column: str, strict: bool, counters: Counter[str]) -> Iterator[Block]:
    """The values of the lines that begin in the split. With `strict`, UserError for a line that is no JSON object."""
    for lines in read_lines(split, strict, counters, cut_long=False):
        texts: list[str] = []
        sessions: list[list[Any]] = []
        for line in lines:
            if not line or line.isspace():
                continue
            counters["rows"] += 1
            value = _value(line, column, split.file.path, strict, counters)
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, list):
                sessions.append(value)
        if texts:
            yield texts
        if sessions:
            parent = np.repeat(np.arange(len(sessions)), [len(session) for session in sessions])
            tokens = pa.array([token for session in sessions for token in session], pa.string())
            yield without_empty(tokens, parent, len(sessions), counters)


def _value(
    line: str, column: str, path: str, strict: bool, counters: Counter[str]
) -> str | list[str | None] | None:
    """What the column holds: text, tokens, or None where that is counted."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    value = row.get(column) if isinstance(row, dict) else ...
    if value is None:
        counters["rows_without_text"] += 1
        return None
    if isinstance(value, str):
        return _whole(value, path, strict, counters)
    if isinstance(value, list) and all(_is_token(token) for token in value):
        return [None if token is None else _whole(str(token), path, strict, counters) for token in value]
    if strict:
        _refuse(line, column, path)
    counters["bad_rows"] += 1
    return None


def _is_token(token: object) -> bool:
    return token is None or isinstance(token, str) or (isinstance(token, int) and not isinstance(token, bool))


def _refuse(line: str, column: str, path: str) -> NoReturn:
    raise UserError(
        f"{path} has a line that is no JSON object with text or tokens under {column!r}: {line[:80]!r}; mend it, or "
        "leave out --strict to have such lines skipped and counted"
    )


def _whole(text: str, path: str, strict: bool, counters: Counter[str]) -> str:
    """`text` without the half characters that JSON's escapes can spell."""
    try:
        text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if strict:
            raise UserError(
                f"{path} has half a surrogate pair in {text[:80]!a}; leave out --strict to have it replaced"
            ) from None
        counters["replaced_characters"] += joined.count("\ufffd") - text.count("\ufffd")
        return joined
    return text


def without_empty(
    tokens: pa.Array, parent_T: "np.ndarray[Any, np.dtype[np.int64]]", num_lists: int, counters: Counter[str]
) -> pa.ListArray:
    """The lists of which `tokens` is the content and `parent_T` the place, without null and empty tokens."""
    valid = pc.and_kleene(tokens.is_valid(), pc.not_equal(tokens, "")).fill_null(False)
    valid_T = valid.to_numpy(zero_copy_only=False)
    counters["empty_tokens"] += len(tokens) - int(np.count_nonzero(valid_T))
    offsets = np.zeros(num_lists + 1, np.int32)
    np.cumsum(np.bincount(parent_T[valid_T], minlength=num_lists), out=offsets[1:])
    return pa.ListArray.from_arrays(offsets, tokens.filter(valid), type=TOKENS.field("tokens").type)
