"""Rows of memory as one Parquet file, from which the tokens stage reads them like any other input.

The file is in the run directory, which every executor can read, and is removed after the fit.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.api.tables import Rows
from w2v_core.io.filesystem import ChecksummedStream, Folder
from w2v_core.readers.detect_format import Kind
from w2v_core.readers.splits import InputFile
from w2v_core.runs.run_directory import RunDir

FOLDER = "_input"
_FILE = "rows.parquet"
_ROW_GROUP_BYTES = 8 << 20


@contextmanager
def input_folder(run: RunDir) -> Iterator[Folder]:
    """Yield an empty folder for input in the run directory, which is removed in the end."""
    folder = run.folder / FOLDER
    folder.delete()  # of a process that was killed
    folder.create()
    try:
        yield folder
    finally:
        folder.delete()


def spool(rows: Rows, folder: Folder, root: str, column: str) -> InputFile:
    """Write the rows to a file in `folder` and return it. One row group is in memory at a time.

    Its identity is the digest of its content, so that the same rows make the same stages.
    """
    with folder.filesystem.open_output_stream(folder.file(_FILE), compression=None) as sink:
        stream = _HashedStream(sink)
        with pq.ParquetWriter(pa.PythonFile(stream, "w"), rows.schema, compression="none") as writer:
            for table in _row_groups(rows.batches):
                writer.write_table(table, row_group_size=max(len(table), 1))
    digest = stream.sha256.hexdigest()
    kind = Kind("parquet")
    return InputFile(
        root, folder.file(_FILE), stream.num_bytes, 0, column=column, known_kind=kind, digest=digest
    )


class _HashedStream(ChecksummedStream):
    """A stream that also computes the SHA-256 of what it is given."""

    def __init__(self, sink: pa.NativeFile) -> None:
        super().__init__(sink)
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Append `data`."""
        self.sha256.update(data)
        return super().write(data)


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the batches as tables of about a row group."""
    gathered: list[pa.RecordBatch] = []
    num_bytes = 0
    for batch in batches:
        gathered.append(batch)
        num_bytes += batch.nbytes
        if num_bytes >= _ROW_GROUP_BYTES:
            yield pa.Table.from_batches(gathered)
            gathered, num_bytes = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered)
