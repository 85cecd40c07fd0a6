"""Word vectors from and to files, Arrow and pandas."""

import os
from typing import Any, Self

import numpy as np
import pyarrow as pa
from pyarrow import fs

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, Location, access, open_folder, require_utf8
from w2v_core.runs.model_reference import reject_model, resolved
from w2v_core.vectors.arguments import require_positive
from w2v_core.vectors.formats import glove, word2vec
from w2v_core.vectors.formats.count_lines import counts_of, write_counts
from w2v_core.vectors.formats.detect_format import table_at
from w2v_core.vectors.formats.formats import FORMATS, Exported, export
from w2v_core.vectors.formats.parquet_file import schema
from w2v_core.vectors.formats.table import ExportSelection, VectorTable
from w2v_core.vectors.similar_by import SimilarBy
from w2v_core.vectors.trained_vectors import folder_of_vectors, read_trained


class StoredVectors(SimilarBy):
    """Reading and writing."""

    @classmethod
    def load(cls, location: Location) -> Self:
        """Load the vectors at a path or a URI: a run, RUN/vectors, or a file or folder of another system.

        Parameters
        ----------
        location : str or path
            The formats are those of `w2v export` but the projector's: word2vec text and binary, GloVe (all perhaps
            packed), Parquet, safetensors, and a folder of npy; also Parquet and a Word2VecModel that Spark wrote. The
            content tells which one it is. STORE/NAME@current and STORE/NAME@v3 are versions of a published model.

        Returns
        -------
        WordVectors
            RUN/vectors, npy and safetensors on a local disk are mapped into memory, others are read into it.

        Raises
        ------
        UserError
            A file is missing, damaged or does not fit the other, or the store is not reached.

        Examples
        --------
        >>> WordVectors.load("vectors.txt")
        <WordVectors: 4 words, 2 dimensions>
        """
        location = resolved(os.fspath(location))
        table = table_at(location)
        return cls.of(table) if table else cls.read(folder_of_vectors(_folder_at(location)))

    @classmethod
    def load_word2vec_format(
        cls,
        path: Location,
        fvocab: Location | None = None,
        binary: bool = False,
        *,
        limit: int | None = None,
        no_header: bool = False,
    ) -> Self:
        """Load a word2vec file, as gensim's method of this name; `load` opens the same files without these arguments.

        Parameters
        ----------
        path : str or path
            The file, packed or not.
        fvocab : str or path, optional
            A file of lines "word count". Without it, counts are V - id.
        binary : bool
            Whether the file is binary. The content decides; a file of the other kind is an error.
        limit : int, optional
            Read only this many words, from the start of the file.
        no_header : bool
            Whether the first line is a word, as in GloVe files.

        Raises
        ------
        UserError
            The file is missing, damaged or of another kind, or a word has no count in `fvocab`.

        Examples
        --------
        >>> WordVectors.load_word2vec_format("vectors.txt", limit=2).tokens
        ['king', 'queen']
        """
        require_positive("limit", limit)
        location = os.fspath(path)
        require_utf8(location)
        if no_header and binary:
            raise UserError("no_header = True: expected a text file, but binary = True. Set one of both.")
        table = glove.read(location, limit) if no_header else word2vec.read(location, limit, binary)
        counts_V = table.counts if fvocab is None else counts_of(table.tokens, fvocab)
        return cls(table.tokens, counts_V, table.vectors)

    @classmethod
    def read(cls, folder: Folder) -> Self:
        """Load the input vectors of a finished training from an open folder. Raises as `read_trained`."""
        return cls.of(read_trained(folder))

    @classmethod
    def of(cls, table: VectorTable) -> Self:
        """Return the words of a table.

        Examples
        --------
        >>> WordVectors.of(wv.table)
        <WordVectors: 4 words, 2 dimensions>
        """
        return cls(table.tokens, table.counts, table.vectors, table.rules)

    @property
    def table(self) -> VectorTable:
        """Return the words as a table for export.

        Examples
        --------
        >>> wv.table.tokens.to_pylist()
        ['king', 'queen', 'man', 'woman']
        """
        return VectorTable(self._tokens_as_arrow(), self.counts, self.vectors, self.rules)

    def _tokens_as_arrow(self) -> pa.ChunkedArray:
        if isinstance(self._tokens, pa.ChunkedArray):
            return self._tokens
        return pa.chunked_array([pa.array(self._tokens, pa.string())])

    def save(
        self,
        path: Location,
        format: str = "safetensors",  # noqa: A002
        *,
        limit: int | None = None,
        dtype: str = "float32",
        strict: bool = True,
    ) -> Exported:
        """Write the words, their counts and their vectors, by descending count; `load` reads them.

        Parameters
        ----------
        path : str or path
            A file, or for "npy" and "projector" a folder. Files are written atomically.
        format : str
            "safetensors" (mapped into memory by `load`), "parquet", "npy", "word2vec-text", "word2vec-binary",
            "glove", "spacy" or "projector". The first three hold any word and the counts.
        limit : int, optional
            Write only this many most frequent words.
        dtype : {"float32", "float16"}
            The type of the numbers.
        strict : bool
            Whether a word that the format cannot hold is an error. Otherwise it is skipped and counted.

        Returns
        -------
        Exported
            The number of words written and skipped.

        Raises
        ------
        UserError
            An argument is unknown, a vector is not finite, a word cannot be held, or the file cannot be written.

        Examples
        --------
        >>> wv.save("vectors.parquet", format="parquet").words
        4
        """
        return export(self.table, format, path, limit=limit, dtype=dtype, strict=strict)

    def save_word2vec_format(
        self,
        path: Location,
        fvocab: Location | None = None,
        binary: bool = False,
        *,
        write_header: bool = True,
        strict: bool = True,
    ) -> Exported:
        """Write a word2vec file, by descending count, as gensim's method of this name.

        Parameters
        ----------
        path : str or path
            The file. It is compressed if its name ends in .gz, .bz2 or .zst.
        fvocab : str or path, optional
            Where to write lines "word count".
        binary : bool
            Whether to write the binary kind.
        write_header : bool
            Whether the first line says the number of words and dimensions. GloVe files do not have this line.
        strict : bool
            Whether a word with a space, which readers would split, is an error. Otherwise it is skipped.

        Raises
        ------
        UserError
            As `save`, and for a binary file without a first line.

        Examples
        --------
        >>> wv.save_word2vec_format("vectors.bin", binary=True).words
        4
        """
        if binary and not write_header:
            raise UserError("write_header = False: expected a text file, but binary = True. Set one of both.")
        text = "word2vec-text" if write_header else "glove"
        name = "word2vec-binary" if binary else text
        exported = self.save(path, name, strict=strict)
        if fvocab is not None:
            write_counts(fvocab, ExportSelection.of(self.table, FORMATS[name].unfit, limit=None))
        return exported

    def to_arrow(self) -> pa.Table:
        """Return an Arrow table with a row a word, `id, token, count, vector`, in order of id, as in Parquet files.

        The vectors are not copied.

        Examples
        --------
        >>> wv.to_arrow().slice(0, 1).to_pylist()
        [{'id': 0, 'token': 'king', 'count': 40, 'vector': [3.0, 4.0]}]
        """
        columns = schema(self.vector_size)
        numbers = pa.array(self.vectors.reshape(-1))
        vectors = pa.FixedSizeListArray.from_arrays(numbers, type=columns.field("vector").type)
        ids = pa.array(np.arange(len(self), dtype=np.int32))
        tokens = self._tokens_as_arrow().cast(pa.string())
        return pa.table([ids, tokens, pa.array(self.counts, pa.int64()), vectors], schema=columns)

    def to_pandas(self) -> Any:
        """Return a pandas frame with the columns of `to_arrow`. `np.stack(frame["vector"])` is the table again.

        Raises
        ------
        UserError
            pandas is not installed.

        Examples
        --------
        >>> wv.to_pandas()["token"].tolist()
        ['king', 'queen', 'man', 'woman']
        """
        try:
            return self.to_arrow().to_pandas()
        except ModuleNotFoundError:
            raise UserError("to_pandas needs pandas: pip install pandas") from None


def _folder_at(location: str) -> Folder:
    """Return the folder of a run or of vectors. Raises UserError if none exists, or for a model without a version."""
    folder = open_folder(location)
    with access(location):
        folder.require_bucket()
        if folder.filesystem.get_file_info(folder.path).type == fs.FileType.NotFound:
            raise UserError(
                f"{location} does not exist; name a run, a folder or a file of vectors, or a version as in "
                "STORE/NAME@current"
            )
        reject_model(folder, location)
    return folder
