"""A column of an Arrow IPC file or stream (Feather version 2 is such a file), some rows at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.io.filesystem import open_folder
from w2v_core.readers.block import Block
from w2v_core.readers.columns import (
    MOST_TEXT_BYTES,
    block_of,
    check_columns,
    configured_columns,
    raise_if_unreadable,
)
from w2v_core.readers.dictionary_decoding import decoded_batches
from w2v_core.readers.missing_columns import present, with_missing
from w2v_core.readers.splits import Split

_ROWS_A_BLOCK = 8_192
_FILE = b"ARROW1"


def read_arrow(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the rows of the file. Raises UserError for a damaged file or a missing column."""
    for batch in arrow_batches(split, config, configured_columns(config), counters):
        yield block_of(batch, config, split.file.path, counters)


def arrow_batches(
    split: Split, config: TokenizeConfig, names: Sequence[str], counters: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the columns `names` of these rows. Raises as `read_arrow`."""
    path = split.file.path
    with (
        raise_if_unreadable(path),
        open_folder(split.file.root).filesystem.open_input_file(path) as source,
    ):
        is_file = source.read(len(_FILE)) == _FILE
        source.seek(0)
        reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        counters["input_bytes"] += split.end - split.begin
        columns = present(names, reader.schema)
        batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
        for batch in filter(len, batches):
            check_columns(reader.schema, config, path)
            for begin in range(0, batch.num_rows, _ROWS_A_BLOCK):
                rows = batch.select(columns).slice(begin, _ROWS_A_BLOCK)
                for part in decoded_batches(rows, MOST_TEXT_BYTES, path):
                    yield with_missing(part, names, config)
