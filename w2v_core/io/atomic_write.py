"""Write a group of files atomically: write to temporary names, then rename."""

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
    """Yield a stream for each name. If the block succeeds, the files replace those that have the names.

    Several files are renamed one by one after the old ones are removed. A reader may find one missing, but never files
    of two exports. If the block raises, its files are removed.
    """
    temporary_names = {name: f".{name}.{uuid4().hex}" for name in names}
    with access(str(folder)):
        is_new = not folder.exists()
        folder.create()
        try:
            with ExitStack() as stack:
                yield [stack.enter_context(_opened(folder, name, temporary_names[name])) for name in names]
            _give_names(folder, temporary_names)
        finally:
            for temporary_name in temporary_names.values():
                with suppress(OSError):
                    folder.filesystem.delete_file(folder.file(temporary_name))
            if is_new and folder.is_empty():
                folder.delete()


def _opened(folder: Folder, name: str, temporary_name: str) -> pa.NativeFile:
    return folder.filesystem.open_output_stream(folder.file(temporary_name), compression=packing(name))


def _give_names(folder: Folder, temporary_names: dict[str, str]) -> None:
    if len(temporary_names) > 1:
        for name in temporary_names:
            if folder.filesystem.get_file_info(folder.file(name)).type == fs.FileType.File:
                folder.filesystem.delete_file(folder.file(name))
    for name, temporary_name in temporary_names.items():
        num_bytes = folder.filesystem.get_file_info(folder.file(temporary_name)).size
        folder.move_into(temporary_name, folder, name, num_bytes)
