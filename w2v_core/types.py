"""Types of arrays, the legend of their suffixes, and one function that makes an array.

A suffix in capitals names the axes of an array, a letter an axis: `vectors_VD` has a row of D numbers for each word of
the vocabulary. A letter has the same meaning everywhere. A digit is an axis of that length. An array of offsets has one
entry more than its axis.

    A  items that an evaluation set asks: word pairs or questions
    B  rows of a batch: training rows, queries, vectors or documents
    C  distinct sets of contexts that the rows of a block have
    D  dimensions of a vector
    G  groups of training rows that share noise words
    H  characters of a text that are not ASCII
    I  input rows: lines of a text, or rows of an Arrow table
    J  distinct bigrams
    K  items chosen for a row: noise words, nearest neighbors, principal components
    L  words of a span and of the windows around it
    M  rows that may answer a query
    N  rows taken from a table, by id or block by block
    O  groups of eight bytes
    P  pairs: of two words, or of a word and a context
    Q  questions of which the vocabulary has every word
    R  training rows of one span or of one group
    S  sentences, or spans of them
    T  tokens
    U  distinct values: words or numbers
    V  words of the vocabulary
    W  slots of a context window
    X  items excluded from an answer
    Y  bytes of a text
    Z  resamples of the bootstrap
"""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
Float32Array = npt.NDArray[np.float32]
"""Vectors, weights and cosines."""
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
Int8Array = npt.NDArray[np.int8]
UInt8Array = npt.NDArray[np.uint8]
"""Bytes of text, and counts of a window's contexts."""
Int32Array = npt.NDArray[np.int32]
"""Ids."""
UInt32Array = npt.NDArray[np.uint32]
"""Code points."""
Int64Array = npt.NDArray[np.int64]
"""Positions and counts."""
UInt64Array = npt.NDArray[np.uint64]
"""Hashes and keys."""


def ranges(begins: Int64Array, lengths: Int64Array) -> Int64Array:
    """begins[0], begins[0] + 1, …, begins[0] + lengths[0] - 1, begins[1], …"""
    before = np.cumsum(lengths) - lengths
    return np.repeat(begins - before, lengths) + np.arange(int(np.sum(lengths)))
