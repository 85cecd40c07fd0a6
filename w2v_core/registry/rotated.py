"""Vectors along another version's axes. V: words, D: numbers in a vector, N: rows of one block.

Two trainings give the same words other axes. Input and output vectors are turned by one rotation R, and since
(u R)(v R)' = u v', what the model says of two words stays the same.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2v_core.io.filesystem import Folder
from w2v_core.io.npy import open_array
from w2v_core.registry.copy import VersionWriter, require_intact
from w2v_core.runs.artifacts import INPUT_VECTORS, OUTPUT_VECTORS
from w2v_core.runs.manifest import FileEntry
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.word_vectors import WordVectors

TABLES = (INPUT_VECTORS, OUTPUT_VECTORS)

_BLOCK_ROWS = 65_536


def rotation_onto(source: Folder, target: Folder) -> tuple[NDArray[np.float64], int]:
    """R, (D, D), from the axes of the vectors in `source` to those in `target`, and by how many words that both have.

    UserError where they have no word in common, or vectors of other sizes.
    """
    shared = SharedWords.of(WordVectors.read(source), WordVectors.read(target))
    return shared.rotation(), len(shared)


def copy_rotated(
    version: VersionWriter, stage: Folder, entry: FileEntry, name: str, rotation_DD: NDArray[np.float64]
) -> FileEntry:
    """The table (V, D) of a stage, turned, as `name`; and what a manifest says of it."""
    require_intact(stage, entry)
    with open_array(stage, entry.name) as array, version.writing(name) as sink:
        header: dict[str, Any] = {"descr": "<f4", "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_1_0(sink, header)
        num_rows = array.shape[0]
        for begin in range(0, num_rows, _BLOCK_ROWS):
            rows_ND = array.read(min(_BLOCK_ROWS, num_rows - begin))
            sink.write((rows_ND @ rotation_DD).astype(np.float32).tobytes())
    return entry.model_copy(update={"bytes": sink.stored.bytes, "crc32": sink.crc32})
