"""What the vectors of all documents have in common, and documents without it.

The principal components are those of the (D, D) matrix of second moments, the sum of v v^T over all documents. These
add up, so every task makes its own and the driver one of them all. As in Arora, Liang, Ma 2017 no mean is taken off
first. Documents without a known word are zero and change nothing.
"""

from collections.abc import Iterable

import numpy as np

from w2v_core import schemas
from w2v_core.errors import InputError
from w2v_core.io.filesystem import Folder
from w2v_core.io.parquet import row_groups
from w2v_core.runs.task_output import PartWriter, TaskResult
from w2v_core.types import FloatArray

_MOMENT = ".moment.npy"


def second_moment(vectors_BD: FloatArray) -> FloatArray:
    """sum_b v_b v_b^T, (D, D) float64."""
    wide_BD = vectors_BD.astype(np.float64)
    moment_DD: FloatArray = wide_BD.T @ wide_BD
    return moment_DD


def principal_components(moment_DD: FloatArray, count: int) -> FloatArray:
    """The `count` eigenvectors of largest eigenvalue, (K, D) float32; fewer where D is smaller."""
    _, vectors = np.linalg.eigh(moment_DD)  # ascending
    return np.ascontiguousarray(vectors[:, ::-1][:, :count].T.astype(np.float32))


def without(vectors_BD: FloatArray, components_KD: FloatArray) -> FloatArray:
    """v - sum_c (v . u_c) u_c, (B, D) float32."""
    rest_BD: FloatArray = vectors_BD - (vectors_BD @ components_KD.T) @ components_KD
    return rest_BD


def write_moment(folder: Folder, temporary_name: str, moment_DD: FloatArray) -> None:
    """Put a part's second moment beside its draft."""
    path = folder.file(temporary_name + _MOMENT)
    with folder.filesystem.open_output_stream(path, compression=None) as stream:
        stream.write(np.ascontiguousarray(moment_DD, np.float64).tobytes())


def total_moment(folder: Folder, task_results: Iterable[TaskResult], size: int) -> FloatArray:
    """The sum of the parts' second moments, in the order of parts."""
    total_DD = np.zeros((size, size))
    for task_result in sorted(task_results, key=lambda task_result: task_result.part):
        data = folder.read(task_result.temporary_name + _MOMENT)
        if data is None:
            path = folder.file(task_result.temporary_name + _MOMENT)
            raise InputError(f"{path} is missing; run `w2v embed` again")
        total_DD += np.frombuffer(data).reshape(size, size)
    return total_DD


def rewrite_without(
    folder: Folder, task_result: TaskResult, components_KD: FloatArray, has_id: bool
) -> TaskResult:
    """The part of `task_result` once more, its vectors without the components."""
    size = components_KD.shape[1]
    schema = schemas.documents(size, has_id)
    with PartWriter(folder, schema) as writer:
        for rows in row_groups(folder, task_result.temporary_name, schema):
            vectors_BD = rows["vector"].combine_chunks().flatten().to_numpy().reshape(-1, size)
            column = schemas.vectors(without(vectors_BD, components_KD))
            writer.write(rows.set_column(len(schema) - 1, schema.field("vector"), column))
    return TaskResult.of(writer, task_result.tokens, task_result.counters, part=task_result.part)
