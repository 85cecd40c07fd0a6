"""A document's vector as the weighted mean of its known words' vectors.

Source of sif: Arora, Liang, Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", algorithm 1. The
p(w) of a word is here its share of the vocabulary's tokens: words rarer than `vocab.min_count` have no part in it.
"""

from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from w2v_core.types import FloatArray, Int32Array, Int64Array

Weighting = Literal["mean", "counts", "sif"]


def document_vectors(
    ids_T: Int32Array, offsets_B: Int64Array, weight_T: FloatArray, vectors_VD: FloatArray
) -> FloatArray:
    """sum_t weight_t * vectors[ids_t] / n_b over the n_b words of document b, (B, D) float32; zero where it has none.

    Document b has the words from offsets[b] to offsets[b + 1]. Words without an id have no place here, and so none in
    n_b. The sum of a document depends on that document alone, to the bit.
    """
    length_B = np.diff(offsets_B)
    if len(ids_T) == 0:
        return np.zeros((len(length_B), vectors_VD.shape[1]), np.float32)
    words = csr_array(
        (weight_T.astype(np.float32), ids_T, offsets_B.astype(np.int32)), (len(length_B), len(vectors_VD))
    )
    sums_BD: FloatArray = words @ vectors_VD
    sums_BD /= np.maximum(length_B, 1)[:, None].astype(np.float32)
    return sums_BD


def weights_of_words(weighting: Weighting, counts_V: Int64Array, sif_a: float) -> FloatArray:
    """What each occurrence of a word weighs, (V,) float32: a / (a + p(w)) for sif, else 1."""
    if weighting != "sif":
        return np.ones(len(counts_V), np.float32)
    fraction_V = counts_V / counts_V.sum(dtype=np.float64)
    weight_V: FloatArray = (sif_a / (sif_a + fraction_V)).astype(np.float32)
    return weight_V


def distinct(ids_T: Int32Array, offsets_B: Int64Array) -> tuple[Int32Array, Int64Array]:
    """Every document's words once each, by id, and their offsets."""
    num_documents = len(offsets_B) - 1
    document_T = np.repeat(np.arange(num_documents), np.diff(offsets_B))
    keys = np.unique(document_T << 32 | ids_T)
    offsets = np.zeros(num_documents + 1, np.int64)
    np.cumsum(np.bincount(keys >> 32, minlength=num_documents), out=offsets[1:])
    return (keys & 0xFFFFFFFF).astype(np.int32), offsets
