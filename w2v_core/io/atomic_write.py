"""Files that get their names only once all of them are whole."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from w2v_core.io.filesystem import Folder, access

PACKED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
"""Endings of names, and what packs such files."""


def packing(name: str) -> str | None:
    """What packs a file of this name."""
    return next((codec for ending, codec in PACKED.items() if name.endswith(ending)), None)


@contextmanager
def atomic_write(folder: Folder, names: Sequence[str]) -> Iterator[list[pa.NativeFile]]:
    """A stream to write for each name. Where the block ends well, the files replace those that have the names.

    Several files replace theirs one by one after the old ones are gone: a reader may find one missing, but never
    files of two exports. Where the block raises, nothing of it stays.
    """
    draft_of = {name: f".{name}.{uuid4().hex}" for name in names}
    with access(str(folder)):
        is_new = not folder.exists()
        folder.create()
        try:
            with ExitStack() as stack:
                yield [stack.enter_context(_opened(folder, name, draft_of[name])) for name in names]
            _give_names(folder, draft_of)
        finally:
            for stage_writer in draft_of.values():
                with suppress(OSError):
                    folder.filesystem.delete_file(folder.file(stage_writer))
            if is_new and folder.is_empty():
                folder.delete()


def _opened(folder: Folder, name: str, stage_writer: str) -> pa.NativeFile:
    return folder.filesystem.open_output_stream(folder.file(stage_writer), compression=packing(name))


def _give_names(folder: Folder, draft_of: dict[str, str]) -> None:
    if len(draft_of) > 1:
        for name in draft_of:
            if folder.filesystem.get_file_info(folder.file(name)).type == fs.FileType.File:
                folder.filesystem.delete_file(folder.file(name))
    for name, stage_writer in draft_of.items():
        num_bytes = folder.filesystem.get_file_info(folder.file(stage_writer)).size
        folder.move_into(stage_writer, folder, name, num_bytes)
