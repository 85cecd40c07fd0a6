"""A column of an ORC file, stripe by stripe."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import orc

from w2v_core.config import TokenizeConfig
from w2v_core.io.filesystem import open_folder
from w2v_core.readers.block import Block
from w2v_core.readers.columns import block_of, check_columns, configured_columns, raise_if_unreadable
from w2v_core.readers.missing_columns import present, with_missing
from w2v_core.readers.splits import Split

_ROWS_A_BLOCK = 8_192


def read_orc(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the rows of the stripes of this split. Raises UserError for a damaged file or a missing column."""
    for batch in orc_batches(split, config, configured_columns(config), counters):
        yield block_of(batch, config, split.file.path, counters)


def orc_batches(
    split: Split, config: TokenizeConfig, names: Sequence[str], counters: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the columns `names` of these rows. Raises as `read_orc`.

    PyArrow does not expose the offset of a stripe, so all stripes are taken to be of equal size.
    """
    path = split.file.path
    with (
        raise_if_unreadable(path),
        open_folder(split.file.root).filesystem.open_input_file(path) as source,
    ):
        file = orc.ORCFile(source)
        if file.nrows == 0:
            return
        check_columns(file.schema, config, path)
        columns = present(names, file.schema)
        counters["input_bytes"] += split.end - split.begin
        for number in range(file.nstripes):
            if split.begin <= number * split.file.size // file.nstripes < split.end:
                stripe = pa.Table.from_batches([file.read_stripe(number, columns=columns)])
                for batch in stripe.to_batches(max_chunksize=_ROWS_A_BLOCK):
                    yield with_missing(batch, names, config)
