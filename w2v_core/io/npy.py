"""Reading .npy files from any file system, whole or some rows at a time. N: rows, D: columns."""

import tokenize
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2v_core.io.filesystem import Folder
from w2v_core.types import FloatArray

_CHUNK = 64 << 20
_LONGEST_REASON = 200  # NumPy quotes the header of a damaged file, whatever its length


@contextmanager
def damage_is_value_error() -> Iterator[None]:
    """All that NumPy raises for a file that is no array, as ValueError: its header is Python's syntax."""
    try:
        with np.errstate(over="ignore"), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # of a type that NumPy once knew by another name
            yield
    except (
        ValueError,
        OverflowError,
        TypeError,
        SyntaxError,
        RecursionError,
        MemoryError,
        tokenize.TokenError,
    ) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(reason[:_LONGEST_REASON]) from error


def mapped_array(folder: Folder, name: str) -> NDArray[Any]:
    """The file as it is, mapped from a local disk and else read. ValueError where it is no array, or one of objects."""
    with damage_is_value_error():
        if folder.is_local:
            return np.lib.format.open_memmap(folder.file(name), mode="r")
        with folder.filesystem.open_input_file(folder.file(name)) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)


class ArrayFile:
    """An open file of float32 rows, of the shape (N, D) that it says it has."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        with damage_is_value_error():
            np.lib.format.read_magic(stream)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if len(shape) != 2 or fortran or dtype != np.float32:
            raise ValueError(f"shape {shape}, type {dtype}")
        self.shape: tuple[int, int] = shape

    def read_into(self, rows_ND: FloatArray) -> None:
        """Fill the rows with the next ones. ValueError where the file ends too early."""
        into = memoryview(rows_ND.data).cast("B")
        filled = 0
        while filled < len(into):
            count = self._stream.readinto(into[filled : filled + _CHUNK])
            if not count:
                raise ValueError("it ends too early")
            filled += count

    def read(self, num_rows: int) -> FloatArray:
        """The next rows."""
        rows_ND = np.empty((num_rows, self.shape[1]), np.float32)
        self.read_into(rows_ND)
        return rows_ND


@contextmanager
def open_array(folder: Folder, name: str) -> Iterator[ArrayFile]:
    """The file `name`. OSError where it cannot be read, ValueError where it is no float32 (N, D)."""
    with folder.filesystem.open_input_file(folder.file(name)) as stream:
        yield ArrayFile(stream)
