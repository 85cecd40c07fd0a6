"""Lines of UTF-8 as arrays of bytes, and tables over characters.

Text is mostly ASCII, or mostly not, but never one character a NumPy element: kernels run over bytes, and only the
characters beyond ASCII are looked up as code points.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core.types import Int32Array, UInt8Array, UInt32Array

NUM_CODE_POINTS = 0x110000
_SURROGATES = range(0xD800, 0xE000)
_ASSIGNED = (*range(0x323B0), *range(0xE0000, 0xE0200))
"""a superset of the code points that Unicode 17 assigns, without private-use ones"""


def bytes_of(lines: pa.StringArray) -> tuple[bytes, Int32Array]:
    """Return the bytes of all lines, and the offsets (I + 1,) at which each begins and the last ends."""
    offsets = np.frombuffer(lines.buffers()[1] or bytes(4), np.int32)
    offsets_I = offsets[lines.offset : lines.offset + len(lines) + 1] if len(lines) else np.zeros(1, np.int32)
    data = lines.buffers()[2] or pa.py_buffer(b"")
    return data[int(offsets_I[0]) : int(offsets_I[-1])].to_pybytes(), offsets_I - offsets_I[0]


def array_of(data: bytes | UInt8Array, offsets_I: Int32Array) -> pa.StringArray:
    """Return the lines whose bytes are data[offsets_I[i]:offsets_I[i + 1]], without a copy."""
    offsets = pa.py_buffer(np.ascontiguousarray(offsets_I, np.int32))
    return pa.StringArray.from_buffers(len(offsets_I) - 1, offsets, pa.py_buffer(data))


def split_lines(text: bytes, separator: bytes = b"\n") -> pa.StringArray:
    """Return the pieces of `text`, UTF-8 bytes, between separators of one byte."""
    ends_I = np.flatnonzero(np.frombuffer(text, np.uint8) == separator[0])
    ends_I -= np.arange(len(ends_I))
    data = text.replace(separator, b"")
    return array_of(data, np.concatenate([[0], ends_I, [len(data)]]).astype(np.int32))


def beyond_ascii(data: bytes) -> tuple[npt.NDArray[np.int64], UInt32Array]:
    """Return the byte offset (H,) and the code point (H,) of each character that is not ASCII."""
    data_Y = np.frombuffer(data, np.uint8)
    return np.flatnonzero(data_Y >= 0xC0), code_points(data_Y[data_Y >= 0x80].tobytes().decode())


def code_points(text: str) -> UInt32Array:
    """Return the code point of each character."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def encoded(code_points_H: UInt32Array) -> UInt8Array:
    """Return the concatenated characters as UTF-8."""
    return np.frombuffer(code_points_H.tobytes().decode("utf-32-le").encode(), np.uint8)


@cache
def widths() -> UInt8Array:
    """Return the number of UTF-8 bytes of each code point."""
    width = np.ones(NUM_CODE_POINTS, np.uint8)
    for first_of_wider in (0x80, 0x800, 0x10000):
        width[first_of_wider:] += 1
    return width


@cache
def every_character() -> str:
    """Return every assigned character except the line feed and surrogates, by code point."""
    return "".join(chr(code) for code in _ASSIGNED if code not in _SURROGATES and code != 0x0A)
