"""Format detection of a file or a folder of vectors."""

import os

from pyarrow import fs

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Location, access, open_folder, require_utf8
from w2v_core.vectors.formats import glove, npy, parquet_file, safetensors_file, spark_folder, word2vec
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.formats.vector_stream import start_of
from w2v_core.vectors.formats.word2vec_file import header_of


def open_table(location: Location) -> VectorTable:
    """The words at a path or a URI: a word2vec file, text or binary, GloVe's, Parquet, safetensors, or a folder of npy
    or of Spark.

    Raises UserError if nothing exists there, or in another format.
    """
    table = table_at(location)
    if table is None:
        raise InputError(
            f"{location} is neither a file of word vectors nor a folder with {npy.VECTORS}; check the path"
        )
    return table


def table_at(location: Location) -> VectorTable | None:
    """As `open_table`, but None where there is no file and no such folder.

    The first bytes of a file decide its format, not its name.
    """
    location = os.fspath(location)
    require_utf8(location)
    folder = open_folder(location)
    with access(location):
        kind = folder.filesystem.get_file_info(folder.path).type
        if kind == fs.FileType.Unknown:
            raise InputError(
                f"{location} is a device, a pipe or a socket, which cannot be read from its start again; name a file"
            )
        if kind == fs.FileType.File:
            return _from_file(location)
        if npy.VECTORS in folder.sizes():
            return npy.read(folder)
        parts = spark_folder.parts_of(folder, location)
        return spark_folder.read(folder, parts, location) if parts else None


def _from_file(location: str) -> VectorTable:
    start = start_of(location)
    if start.startswith(b"\x93NUMPY"):
        raise InputError(
            f"{location} is an array without the words that its rows belong to; name the folder that it is in"
        )
    if start.startswith(parquet_file.MAGIC):
        return parquet_file.read(location)
    if safetensors_file.is_safetensors(start):
        return safetensors_file.read(location)
    return word2vec.read(location) if header_of(start) else glove.read(location)
