"""The files of a finished training: `input.npy` and `vocab.parquet`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access
from w2v_core.io.npy import damage_is_value_error, open_array
from w2v_core.runs.artifacts import INPUT_VECTORS, MARKER, VOCAB_FILE
from w2v_core.schemas import VOCAB
from w2v_core.tokenization.recorded_rules import read_rules
from w2v_core.types import Float32Array
from w2v_core.vectors.formats.table import VectorTable

_COLUMNS = ["id", "token", "count"]
HINT = "give the RUN/vectors folder of a finished run, or train again"


def read_trained(folder: Folder) -> VectorTable:
    """Read the words and their input vectors, which are mapped on a local disk.

    No content becomes Python objects. Raises UserError if a file is missing, damaged or does not match the other, and
    if the store is unreachable.
    """
    vocab = _read_vocab(folder)
    vectors_VD = open_vectors(folder)
    if len(vocab) != len(vectors_VD):
        raise UserError(
            f"{folder.file(INPUT_VECTORS)} has {len(vectors_VD)} rows but {folder.file(VOCAB_FILE)} {len(vocab)} "
            f"words: {HINT}"
        )
    return VectorTable(vocab["token"], vocab["count"].to_numpy(), vectors_VD, read_rules(folder))


def folder_of_vectors(folder: Folder) -> Folder:
    """Return `folder`, or its vectors folder if it is a run directory."""
    with access(str(folder)):
        return folder if folder.read(MARKER) is None else folder / "vectors"


def open_vectors(folder: Folder) -> Float32Array:
    """Return the input vectors, (V, D), mapped on a local disk. Raises as `read_trained`."""
    return _map_vectors(folder.file(INPUT_VECTORS)) if folder.is_local else _read_vectors(folder)


def _read_vocab(folder: Folder) -> pa.Table:
    """_COLUMNS of the vocabulary, checked: valid text, no nulls, ids 0, 1, ..., counts of 1 or more."""
    path = folder.file(VOCAB_FILE)
    with _raise_if_damaged(path, "Parquet"):
        with folder.filesystem.open_input_file(path) as source, pq.ParquetFile(source) as file:
            vocab = file.read(columns=_COLUMNS)
        vocab.validate(full=True)
    if not _is_vocab(vocab):
        raise UserError(f"{path} is not a vocabulary (id, token, count by id): {HINT}")
    return vocab


@contextmanager
def _raise_if_damaged(path: str, kind: str) -> Iterator[None]:
    """Raise UserError for a missing or damaged file of a training."""
    try:
        with access(path):
            yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path} is missing: {HINT}") from None
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read as {kind}: {HINT}") from error


def _is_vocab(vocab: pa.Table) -> bool:
    types = {field.name: field.type for field in vocab.schema}
    if types != {name: VOCAB.field(name).type for name in _COLUMNS}:
        return False
    if any(column.null_count for column in vocab.columns):
        return False
    ids_V, counts_V = vocab["id"].to_numpy(), vocab["count"].to_numpy()
    return bool((ids_V == np.arange(len(vocab))).all() and (counts_V >= 1).all())


def _map_vectors(path: str) -> Float32Array:
    """Return the npy file as a read-only memory map, float32 (V, D) in C order."""
    with _raise_if_damaged(path, "npy"), damage_is_value_error():
        vectors_VD: np.memmap[Any, Any] = np.lib.format.open_memmap(path, mode="r")
    if vectors_VD.ndim != 2 or vectors_VD.dtype != np.float32 or not vectors_VD.flags.c_contiguous:
        raise UserError(
            f"{path} holds {vectors_VD.dtype} {vectors_VD.shape}, not float32 (V, D) in C order: {HINT}"
        )
    return vectors_VD


def _read_vectors(folder: Folder) -> Float32Array:
    """Read the npy file of any file system in memory, float32 (V, D)."""
    with _raise_if_damaged(folder.file(INPUT_VECTORS), "npy"), open_array(folder, INPUT_VECTORS) as file:
        return file.read(file.shape[0])
