"""One safetensors file: tensors `vectors` (K, D), `counts` (K,), `token_offsets` (K + 1,) and `token_bytes`.

Token i is bytes token_offsets[i] to token_offsets[i + 1] of token_bytes, in UTF-8: any token survives, words of any
number (the header, which JSON could hold them in, may not exceed 100 MB), and a reader maps them without parsing.

    8 bytes: length of the header ▏ header: JSON, {name: {dtype, shape, data_offsets}} ▏ the tensors' bytes

The format is these three lines, so it is written by hand: a tensor at a time to any file system, where the
`safetensors` package wants all of them in memory and a local path. The tests read our files with that package.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import Folder, access, open_folder
from w2v_core.vectors.formats.table import ExportSelection, VectorTable, by_rank, reject_twice

_ALIGNMENT = 8
_LONGEST_HEADER = 100_000_000
_CODES: dict[str, np.dtype[Any]] = {
    "I64": np.dtype("<i8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "U8": np.dtype("u1"),
}
_MADE_OF = {"vectors", "token_offsets", "token_bytes"}


def write(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write the header and the tensors, wider numbers first, so that each begins at a multiple of its width."""
    (stream,) = streams
    tokens = chosen.tokens
    lengths = pc.binary_length(tokens).to_numpy().astype(np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    shapes = {
        "counts": ("I64", (len(chosen),)),
        "token_offsets": ("I64", (len(offsets),)),
        "vectors": ("F16" if chosen.dtype is np.float16 else "F32", (len(chosen), chosen.vector_size)),
        "token_bytes": ("U8", (int(offsets[-1]),)),
    }
    stream.write(_header(shapes))
    stream.write(chosen.counts.astype("<i8").tobytes())
    stream.write(offsets.astype("<i8").tobytes())
    for block in chosen.blocks():
        stream.write(block.vectors.astype(_CODES[shapes["vectors"][0]], copy=False).tobytes())
    for chunk in tokens.chunks:
        stream.write("".join(chunk.to_pylist()).encode())


def _header(shapes: Mapping[str, tuple[str, tuple[int, ...]]]) -> bytes:
    tensors: dict[str, Any] = {
        "__metadata__": {"tokens": "token_bytes[token_offsets[i]:token_offsets[i + 1]], UTF-8"}
    }
    begin = 0
    for name, (code, shape) in shapes.items():
        end = begin + _CODES[code].itemsize * int(np.prod(shape, dtype=np.int64))
        tensors[name] = {"dtype": code, "shape": shape, "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(tensors).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def is_safetensors(start: bytes) -> bool:
    """Return whether a file begins as safetensors: a length below 100 MB, and a brace."""
    return len(start) > 8 and start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _LONGEST_HEADER


def read(location: str) -> VectorTable:
    """Read the tensors, mapped on a local disk; float16 vectors become float32.

    Raises UserError if the file is damaged or lacks a tensor: files of other programs have no words.
    """
    try:
        with access(location):
            tensors = _tensors(_bytes(open_folder(location)))
        if missing := _MADE_OF - set(tensors):
            raise InputError(
                f"{location} has no tensor {min(missing)!r} among {', '.join(tensors) or 'none'}; only files that "
                "`w2v export` writes hold words"
            )
        return _table(tensors)
    except UserError:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        pa.ArrowException,
    ) as error:
        raise InputError(f"{location} is damaged ({error}); export again") from None


def _bytes(file: Folder) -> NDArray[np.uint8]:
    if file.is_local:
        return np.memmap(file.path, mode="r")
    with file.filesystem.open_input_stream(file.path, compression=None) as stream:
        return np.frombuffer(stream.read(), np.uint8)


def _tensors(data: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Return every tensor of a known type, by name, as a view of the bytes of the file."""
    begin = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8:begin].tobytes())
    header.pop("__metadata__", None)
    known = {name: said for name, said in header.items() if said["dtype"] in _CODES}
    positions = sorted(said["data_offsets"] for said in known.values())
    if any(end > next_begin for (_, end), (next_begin, _) in pairwise(positions)):
        raise ValueError("two tensors share bytes")
    return {name: _tensor(data[begin:], **said) for name, said in known.items()}


def _tensor(data: NDArray[np.uint8], dtype: str, shape: list[int], data_offsets: list[int]) -> NDArray[Any]:
    begin, end = data_offsets
    if not 0 <= begin <= end <= len(data) or min(shape, default=0) < 0:
        raise ValueError(f"a tensor {shape} from byte {begin} to {end} of {len(data)}")
    return data[begin:end].view(_CODES[dtype]).reshape(shape)


def _table(tensors: Mapping[str, NDArray[Any]]) -> VectorTable:
    vectors_VD, offsets, spelled = (tensors[name] for name in ("vectors", "token_offsets", "token_bytes"))
    if vectors_VD.ndim != 2 or offsets.shape != (len(vectors_VD) + 1,) or spelled.ndim != 1:
        raise ValueError(f"{vectors_VD.shape} vectors and {offsets.shape} offsets")
    if vectors_VD.dtype.kind != "f" or not vectors_VD.shape[1] or spelled.dtype != np.uint8:
        raise ValueError(f"{vectors_VD.shape} vectors of {vectors_VD.dtype}, and words of {spelled.dtype}")
    if offsets[-1] != len(spelled) or offsets[0] != 0 or offsets.dtype != np.int64:
        raise ValueError("offsets that do not fit the tokens")
    tokens = pa.Array.from_buffers(
        pa.large_string(), len(vectors_VD), [None, pa.py_buffer(offsets), pa.py_buffer(spelled)]
    )
    tokens.validate(full=True)
    reject_twice(pa.chunked_array([tokens]))
    counts_V = tensors.get("counts", by_rank(len(tokens)))
    if counts_V.shape != (len(tokens),) or counts_V.dtype != np.int64:
        raise ValueError(f"{counts_V.shape} counts of {counts_V.dtype}")
    return VectorTable(pa.chunked_array([tokens]), counts_V, vectors_VD.astype(np.float32, copy=False))
