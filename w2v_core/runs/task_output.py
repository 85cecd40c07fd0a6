"""One task, one file: writing a part of a stage, and the task result a driver needs to commit it.

A task writes under a name of its own, so that a retried or a speculative twin never meets it, and returns
a task result. The driver takes exactly one result a part and gives that file the part's name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from types import TracebackType
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from w2v_core.errors import AccountError
from w2v_core.io.filesystem import ChecksummedStream, Folder, access
from w2v_core.runs.artifacts import part_file
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.token_account import TokenAccount

TASK_RESULTS = pa.schema(
    [pa.field("part", pa.int32(), nullable=False), pa.field("receipt", pa.string(), nullable=False)]
)
"""How task results travel back to the driver: the number of the part and the result as JSON."""


class TaskResult(BaseModel):
    """What a task made of its part: a file, or one of several."""

    model_config = ConfigDict(frozen=True)
    part: int
    draw: int = 0
    """of a part that is made several times over: which time"""
    piece: int = 0
    num_pieces: int = 1
    """of a part that is cut: which piece, of how many"""
    temporary_name: str = ""
    file: FileEntry | None = None
    tokens: TokenAccount = TokenAccount()
    counters: dict[str, int] = {}
    digest: int = 0

    @classmethod
    def of(
        cls,
        writer: "PartWriter",
        tokens: TokenAccount,
        counters: Mapping[str, int],
        digest: int = 0,
        **position: int,
    ) -> "TaskResult":
        """Return the result for the file that `writer` has written; `position` has its part, draw and piece, if any."""
        name = writer.temporary_name
        file = writer.entry(name)
        return cls(
            temporary_name=name, file=file, tokens=tokens, counters=dict(counters), digest=digest, **position
        )

    def to_batch(self) -> pa.RecordBatch:
        """One row of RECEIPTS."""
        row = {"part": self.part, "receipt": self.model_dump_json()}
        return pa.RecordBatch.from_pylist([row], schema=TASK_RESULTS)


class PartWriter:
    """Writes tables of `schema` to a Parquet file in `folder`, row group by row group.

    The file has a name of its own, `temporary_name`, unless one is given. Leaving the block by an exception removes it.
    """

    def __init__(
        self, folder: Folder, schema: pa.Schema, temporary_name: str | None = None, **parquet_options: Any
    ) -> None:
        self.temporary_name = temporary_name or uuid4().hex
        self.rows = 0
        self._folder = folder
        # The driver made the folder; it is not made again here, or a task that outlived its job could bring
        # a removed attempt back.
        with access(str(folder)):
            sink = folder.filesystem.open_output_stream(folder.file(self.temporary_name), compression=None)
        self._stream = ChecksummedStream(sink)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._stream, mode="w"),
            schema,
            compression="zstd",
            write_page_checksum=True,
            **parquet_options,
        )

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append `rows` as one row group."""
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self.rows += table.num_rows

    def entry(self, name: str) -> FileEntry:
        """The file, whole, under the name it is to have; only once the block has ended."""
        if not self._stream.closed:
            raise AccountError(f"{name}: counted before its last bytes were written; report this as a bug")
        return FileEntry(name=name, rows=self.rows, bytes=self._stream.num_bytes, crc32=self._stream.crc32)

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            with access(str(self._folder)):
                self._writer.close()
                self._stream.close()
            return
        with suppress(Exception):  # the fault in flight is the one to tell
            self._writer.close()
        with suppress(Exception):
            self._stream.close()
        with suppress(OSError):
            self._folder.filesystem.delete_file(self._folder.file(self.temporary_name))


def write_file(stage_writer: StageWriter, name: str, table: pa.Table) -> FileEntry:
    """Write `table` as the one file `name` of a stage."""
    folder, temporary_name = stage_writer.target(name)
    with PartWriter(folder, table.schema, temporary_name) as writer:
        writer.write(table)
    return stage_writer.commit(writer.temporary_name, writer.entry(name))


def commit_parts(
    stage_writer: StageWriter, task_results: Sequence[TaskResult], num_parts: int, num_draws: int = 1
) -> list[FileEntry]:
    """Name the files in the order of draws, parts and pieces.

    Every piece of every part from 0 to num_parts - 1 must be there once, in every draw.
    """
    pieces = {task_result.part: task_result.num_pieces for task_result in task_results}
    expected = [
        (draw, part, piece)
        for draw in range(num_draws)
        for part in range(num_parts)
        for piece in range(pieces.get(part, 1))
    ]
    ordered = sorted(task_results, key=_position)
    if [_position(task_result) for task_result in ordered] != expected:
        raise AccountError(f"{len(ordered)} task results for {len(expected)} files; report this as a bug")
    return stage_writer.commit_all(
        [
            (
                task_result.temporary_name,
                task_result.file.model_copy(update={"name": part_file(number)}),
            )
            for number, task_result in enumerate(ordered)
            if task_result.file
        ]
    )


def _position(task_result: TaskResult) -> tuple[int, int, int]:
    return task_result.draw, task_result.part, task_result.piece


def total_account(task_results: Iterable[TaskResult]) -> TokenAccount:
    """The sum of the tasks' token accounts."""
    return sum((task_result.tokens for task_result in task_results), TokenAccount())


def write_array(stage_writer: StageWriter, name: str, array: npt.NDArray[Any]) -> FileEntry:
    """Write `array` as the one .npy file `name` of a stage, without a second copy of it."""
    return write_bytes(stage_writer, name, lambda stream: np.save(stream, array, allow_pickle=False))


def write_bytes(stage_writer: StageWriter, name: str, write: Callable[[Any], None]) -> FileEntry:
    """Write the one file `name` of a stage through `write`, which is handed a binary file."""
    folder, temporary_name = stage_writer.target(name)
    stream = ChecksummedStream(
        folder.filesystem.open_output_stream(folder.file(temporary_name), compression=None)
    )
    with closing(stream):
        write(stream)
    return stage_writer.commit(
        temporary_name, FileEntry(name=name, rows=None, bytes=stream.num_bytes, crc32=stream.crc32)
    )
