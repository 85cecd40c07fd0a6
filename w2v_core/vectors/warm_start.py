"""Initial vectors of a training, from an earlier training or a word2vec file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import fs

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access, open_folder
from w2v_core.io.npy import open_array
from w2v_core.io.parquet import read_table
from w2v_core.runs.artifacts import INPUT_VECTORS, OUTPUT_VECTORS, VOCAB_FILE
from w2v_core.runs.model_reference import resolved
from w2v_core.schemas import VOCAB
from w2v_core.training.engine.tables import Tables
from w2v_core.types import BoolArray, FloatArray, IntArray
from w2v_core.vectors.formats.parquet_file import MAGIC, row_groups
from w2v_core.vectors.formats.spark_folder import parts_of
from w2v_core.vectors.formats.vector_stream import start_of
from w2v_core.vectors.formats.vector_words import log_repeated
from w2v_core.vectors.formats.word2vec_file import Word2VecFile
from w2v_core.vocabulary.vocabulary import Vocabulary

_BLOCK_ROWS = 65_536
MOST = 1e6
"""of a number in a vector: products of longer ones leave float32, and trained ones are below 100"""


@dataclass(frozen=True)
class InitialVectors:
    """Vectors of an earlier training: a folder with our `input.npy`, `output.npy` and `vocab.parquet`; or input vectors
    only, in a word2vec file, text or binary, a Parquet file, or a folder that Spark wrote.
    """

    location: str

    @cached_property
    def _position(self) -> str:
        """Return their location; for a published model the version that was resolved first."""
        return resolved(self.location)

    def identity(self) -> list[Any]:
        """Return the name, size and time of each file, for a fingerprint. Raises UserError if there is none."""
        with access(f"train.init_vectors = {self.location}"):
            ours = self._ours()
            folder = ours or open_folder(self._position)
            if ours:
                paths = [folder.file(name) for name in (INPUT_VECTORS, OUTPUT_VECTORS, VOCAB_FILE)]
            else:
                paths = self._spark_parts() or [folder.path]
            found = folder.filesystem.get_file_info(paths)
        if missing := [info for info in found if not info.is_file]:
            is_folder = missing[0].type == fs.FileType.Directory
            why = f"is a folder without {INPUT_VECTORS}" if is_folder else "is no file"
            raise UserError(
                f"train.init_vectors = {self.location}: {missing[0].path} {why}; give the vectors folder of a "
                "finished run, or a word2vec or Parquet file"
            )
        return [[info.path, info.size, info.mtime_ns] for info in found]

    def known(self, vocabulary: Vocabulary, vector_size: int) -> BoolArray:
        """Return which words of the vocabulary have an initial vector, (V,).

        Raises UserError if no word has one, if the vectors have another length or cannot be trained, and if they
        cannot be read.
        """
        known_V, all_zero = np.zeros(len(vocabulary), np.bool_), True
        for ids, vectors in self._new_rows(vocabulary, vector_size, log=True):
            known_V[ids] = True
            all_zero = all_zero and not vectors[0].any()
        if known_V.any() and all_zero:
            raise UserError(
                f"train.init_vectors = {self.location} has only zeros for the words of this vocabulary, "
                "and zeros cannot be trained; write the file again"
            )
        if not known_V.any():
            raise UserError(
                f"train.init_vectors = {self.location} has none of the {len(vocabulary):,} words of this vocabulary; "
                "name vectors of the same language and the same case"
            )
        return known_V

    def load_into(self, tables: Tables, vocabulary: Vocabulary) -> None:
        """Copy the initial vectors into `tables`. Raises as `known`."""
        for ids, vectors in self._new_rows(vocabulary, tables.input.shape[1]):
            for table_VD, rows_ND in zip(tables, vectors, strict=False):
                table_VD[ids] = rows_ND

    def _new_rows(
        self, vocabulary: Vocabulary, vector_size: int, log: bool = False
    ) -> Iterator[tuple[IntArray, list[FloatArray]]]:
        """Yield ids (N,) and their input and output vectors (N, D), if there are any; ids are distinct.

        Of a repeated word the first vector is used, as in gensim. With `log`, a warning counts such words.
        """
        is_new_V, repeated = np.ones(len(vocabulary), np.bool_), []
        for tokens, *vectors in self._blocks(vector_size, log):
            all_ids = vocabulary.ids(pa.array(tokens, pa.string()))
            ids_N, first_N = np.unique(all_ids, return_index=True)
            new_N = (ids_N >= 0) & is_new_V[ids_N]
            ids, first = ids_N[new_N], first_N[new_N]
            is_new_V[ids] = False
            skipped = np.setdiff1d(np.flatnonzero(all_ids >= 0), first)
            repeated += [tokens[position] for position in skipped.tolist()]
            taken = [rows_ND[first] for rows_ND in vectors]
            self._require_sound([tokens[position] for position in first], taken)
            yield ids, taken
        if log and repeated:
            log_repeated(self.location, len(repeated), repeated[0])

    def _ours(self) -> Folder | None:
        folder = open_folder(self._position)
        if folder.filesystem.get_file_info(folder.path).is_file:
            return None
        return next((found for found in (folder, folder / "vectors") if INPUT_VECTORS in found.sizes()), None)

    def _spark_parts(self) -> list[str]:
        """The Parquet files of a folder that Spark wrote; none where this is not one."""
        folder = open_folder(self._position)
        return parts_of(folder, self.location) if folder.exists() else []

    def _parquet_parts(self) -> list[str]:
        """The Parquet files that hold the vectors; none where they are in another format."""
        if parts := self._spark_parts():
            return parts
        return [open_folder(self._position).path] if start_of(self._position).startswith(MAGIC) else []

    def _blocks(self, vector_size: int, log: bool) -> Iterator[tuple[Any, ...]]:
        """Yield tokens, input vectors (N, D) and, for a training, output vectors (N, D)."""
        ours = self._ours()
        if ours is None:
            if parts := self._parquet_parts():
                filesystem = open_folder(self._position).filesystem
                for rows in row_groups(filesystem, parts, self.location):
                    self._require_size(rows.vectors.shape[1], vector_size)
                    yield rows.tokens.to_pylist(), rows.vectors
                return
            file = Word2VecFile(self._position)
            self._require_size(file.vector_size, vector_size)
            yield from file.blocks()
            if log:
                file.decoder.log()
            return
        tokens = read_table(ours, VOCAB_FILE, VOCAB)["token"]
        try:
            with (
                access(str(ours)),
                open_array(ours, INPUT_VECTORS) as inputs,
                open_array(ours, OUTPUT_VECTORS) as outputs,
            ):
                for array in (inputs, outputs):
                    self._require_size(array.shape[1], vector_size)
                    if array.shape[0] != len(tokens):
                        raise ValueError(f"{len(tokens):,} words and {array.shape[0]:,} vectors")
                for begin in range(0, len(tokens), _BLOCK_ROWS):
                    batch = tokens.slice(begin, _BLOCK_ROWS)
                    yield batch.to_pylist(), inputs.read(len(batch)), outputs.read(len(batch))
        except UserError:
            raise
        except (OSError, ValueError) as error:
            raise UserError(f"the vectors in {ours} are damaged ({error}); train them again") from None

    def _require_sound(self, tokens: Sequence[str], vectors: Sequence[FloatArray]) -> None:
        for rows_ND in vectors:
            largest_N = np.abs(rows_ND).max(axis=1, initial=0)
            is_sound_N = largest_N <= MOST  # NaN is not
            if not is_sound_N.all():
                position = int(is_sound_N.argmin())
                raise UserError(
                    f"train.init_vectors = {self.location}: the vector of {tokens[position]!r} holds "
                    f"{largest_N[position]:g}, and training allows numbers up to {MOST:,.0f}; scale the vectors, or "
                    "remove the word"
                )

    def _require_size(self, found: int, wanted: int) -> None:
        if found != wanted:
            raise UserError(
                f"train.init_vectors = {self.location} has {found} dimensions and train.vector_size is {wanted}; "
                f"set train.vector_size={found}"
            )
