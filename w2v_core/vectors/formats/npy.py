"""A folder that NumPy reads: `vectors.npy` (K, D), `counts.npy` (K,), and `tokens.json`, a list of K strings."""

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Folder, access
from w2v_core.io.npy import mapped_array
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.formats.table import ExportSelection, VectorTable, by_rank, reject_twice

VECTORS, COUNTS, TOKENS = NAMES = ("vectors.npy", "counts.npy", "tokens.json")
"""JSON, since a word may contain a line feed."""


def write(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write the three files. `tokens.json` has one word per line."""
    vectors, counts, tokens = streams
    np.save(counts, chosen.counts)
    shape = (len(chosen), chosen.vector_size)
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(chosen.dtype)),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(vectors, header)
    before = "["
    for block in chosen.blocks():
        vectors.write(block.vectors.astype(chosen.dtype, copy=False).tobytes())
        words = ",\n".join(json.dumps(token, ensure_ascii=False) for token in block.tokens.to_pylist())
        tokens.write((before + words).encode())
        before = ",\n"
    tokens.write(b"]\n")


def read(folder: Folder) -> VectorTable:
    """Read the three files. Vectors on a local disk are mapped, except float16. `counts.npy` is optional.

    Raises UserError if a file is missing or damaged, or does not match the others.
    """
    try:
        with access(str(folder)):
            vectors_VD, tokens, counts_V = _vectors(folder), _tokens(folder), _counts(folder)
        if vectors_VD.ndim != 2 or not len(vectors_VD) == len(tokens):
            raise ValueError(f"vectors of shape {vectors_VD.shape} and {len(tokens):,} tokens")
        if not vectors_VD.shape[1]:
            raise ValueError("vectors without a number")
        if counts_V is not None and counts_V.shape != (len(tokens),):
            raise ValueError(f"counts of shape {counts_V.shape} and {len(tokens):,} tokens")
        reject_twice(tokens)
    except (OSError, ValueError, RecursionError, pa.ArrowException) as error:
        raise InputError(
            f"{folder} does not hold {', '.join(NAMES)} that fit: {error}; export again"
        ) from None
    return VectorTable(tokens, by_rank(len(tokens)) if counts_V is None else counts_V, vectors_VD)


def _vectors(folder: Folder) -> Float32Array:
    stored = mapped_array(folder, VECTORS)
    if stored.dtype.kind != "f":
        raise ValueError(f"{VECTORS} holds {stored.dtype}")
    with np.errstate(over="ignore"):  # told as infinity where it is read
        vectors_VD: Float32Array = stored.astype(np.float32, copy=False)
    return vectors_VD


def _tokens(folder: Folder) -> pa.ChunkedArray:
    tokens = json.loads(folder.read(TOKENS) or b"null")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"{TOKENS} is no list of strings")
    return pa.chunked_array([pa.array(tokens, pa.string())])


def _counts(folder: Folder) -> Int64Array | None:
    if COUNTS not in folder.sizes():
        return None
    stored = mapped_array(folder, COUNTS)
    if stored.dtype.kind not in "iu":
        raise ValueError(f"{COUNTS} holds {stored.dtype}")
    counts_V: Int64Array = stored.astype(np.int64)
    return counts_V
