"""Format detection of a file or a folder of vectors."""

import os

from pyarrow import fs

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Location, access, open_folder, require_utf8
from w2v_core.vectors.formats import glove, npy, parquet_file, safetensors_file, word2vec
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.formats.vector_stream import start_of
from w2v_core.vectors.formats.word2vec_file import header_of


def open_table(location: Location) -> VectorTable:
    """Return the table at a path or a URI: word2vec, text or binary, GloVe, Parquet, safetensors, or a folder of npy.

    Raises UserError if nothing exists there, or in another format.
    """
    table = table_at(location)
    if table is None:
        raise InputError(
            f"{location} is neither a file of word vectors nor a folder with {npy.VECTORS}; check the path"
        )
    return table


def table_at(location: Location) -> VectorTable | None:
    """As `open_table`, but return None if there is neither a file nor a folder of npy.

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
        return npy.read(folder) if npy.VECTORS in folder.sizes() else None


def _from_file(location: str) -> VectorTable:
    start = start_of(location)
    if start.startswith(b"\x93NUMPY"):
        raise InputError(
            f"{location} is an array without the words that its rows belong to; name the folder that it is in"
        )
    if start.startswith(b"PAR1"):
        return parquet_file.read(location)
    if safetensors_file.is_safetensors(start):
        return safetensors_file.read(location)
    return word2vec.read(location) if header_of(start) else glove.read(location)
