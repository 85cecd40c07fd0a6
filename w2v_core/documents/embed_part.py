"""One task: splits of files to one Parquet part of documents with their vectors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from w2v_core import schemas
from w2v_core.config import EmbedConfig, TokenizeConfig
from w2v_core.documents.components import second_moment, write_moment
from w2v_core.documents.encode import Encoded, Encoder
from w2v_core.documents.read import Documents, count_rows, read_documents
from w2v_core.documents.weighting import distinct, document_vectors, weights_of_words
from w2v_core.io.filesystem import Folder, access
from w2v_core.io.npy import open_array
from w2v_core.readers.splits import Split
from w2v_core.runs.artifacts import INPUT_VECTORS
from w2v_core.runs.task_output import PartWriter, TaskResult
from w2v_core.types import FloatArray
from w2v_core.vectors.trained_vectors import open_vectors
from w2v_core.vocabulary.vocabulary import Vocabulary

COUNTERS = ("documents", "documents_without_known_word")
_NUMBERS_A_BLOCK = 4 << 20  # of the vectors that are made at once: 16 MB


@dataclass(frozen=True)
class WordTable:
    """The vectors of the vocabulary, and what an occurrence of each word weighs."""

    vectors: FloatArray
    weights: FloatArray
    config: EmbedConfig

    @classmethod
    def of(cls, vectors_VD: FloatArray, vocabulary: Vocabulary, config: EmbedConfig) -> "WordTable":
        """As `config` weighs them."""
        return cls(vectors_VD, weights_of_words(config.weighting, vocabulary.counts, config.sif_a), config)

    def vectors_of(self, encoded: Encoded) -> Iterator[FloatArray]:
        """The vectors of the documents, some documents at a time."""
        ids_T, offsets_B = encoded.ids, encoded.offsets
        if self.config.weighting == "mean":
            ids_T, offsets_B = distinct(ids_T, offsets_B)
        step = max(1, _NUMBERS_A_BLOCK // self.vectors.shape[1])
        for begin in range(0, len(offsets_B) - 1, step):
            offsets = offsets_B[begin : begin + step + 1]
            ids = ids_T[offsets[0] : offsets[-1]]
            yield document_vectors(ids, offsets - offsets[0], self.weights[ids], self.vectors)


def embed_part(
    splits: Sequence[tuple[Split, int]],
    tokenize: TokenizeConfig,
    encoder: Encoder,
    words: WordTable,
    folder: Folder,
    part: int,
) -> TaskResult:
    """Write the documents of `splits`, each with the number of its first row, as part `part` into `folder`."""
    id_column, size = words.config.id_column, words.vectors.shape[1]
    counters, schema = encoder.counters, schemas.documents(size, id_column is not None)
    counters.update(dict.fromkeys(COUNTERS, 0))
    moment_DD = np.zeros((size, size))
    with PartWriter(folder, schema) as writer:
        for split, first_row in splits:
            for documents in read_documents(split, tokenize, id_column, counters):
                encoded = encoder.encode(documents)
                counters["documents"] += len(documents)
                counters["documents_without_known_word"] += int((encoded.num_known == 0).sum())
                position = 0
                for vectors_BD in words.vectors_of(encoded):
                    if words.config.remove_components:
                        moment_DD += second_moment(vectors_BD)
                    at = slice(position, position + len(vectors_BD))
                    columns = [*_identity(documents, split, first_row, at), *_counts(encoded, at)]
                    writer.write(pa.record_batch([*columns, schemas.vectors(vectors_BD)], schema=schema))
                    position += len(vectors_BD)
    if words.config.remove_components:
        write_moment(folder, writer.temporary_name, moment_DD)
    return TaskResult.of(writer, encoder.account(), counters, part=part)


def _identity(documents: Documents, split: Split, first_row: int, at: slice) -> list[pa.Array]:
    if documents.ids is not None:
        return [documents.ids[at]]
    row_B = documents.row_numbers[at] + first_row
    return [pa.array([split.file.path]).take(pa.array(np.zeros(len(row_B), np.int8))), pa.array(row_B)]


def _counts(encoded: Encoded, at: slice) -> list[pa.Array]:
    return [pa.array(encoded.num_tokens[at]), pa.array(encoded.num_known[at])]


def count_part(splits: Sequence[Split], tokenize: TokenizeConfig, part: int) -> TaskResult:
    """The rows of each of `splits`, as counters by its place among them."""
    return TaskResult(
        part=part, counters={str(i): count_rows(split, tokenize) for i, split in enumerate(splits)}
    )


_last_opened: tuple[tuple[str, str], FloatArray] | None = None


def cached_vectors(folder: Folder, fingerprint: str) -> FloatArray:
    """The word vectors (V, D) in `folder`, opened once a process for as long as their stage's fingerprint is the same.

    They are mapped where the folder is local, so that the processes of a machine share one copy; else read.
    """
    global _last_opened
    key = (folder.path, fingerprint)
    if _last_opened is None or _last_opened[0] != key:
        _last_opened = (key, open_vectors(folder))
    return _last_opened[1]


def vector_size(folder: Folder) -> int:
    """The dimensions of the word vectors in `folder`."""
    with access(folder.file(INPUT_VECTORS)), open_array(folder, INPUT_VECTORS) as file:
        return file.shape[1]
