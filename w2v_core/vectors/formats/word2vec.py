"""The word2vec format, text and binary, as gensim and spaCy read it, without counts."""

from collections.abc import Sequence

import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.vectors.formats.table import ExportSelection, VectorTable
from w2v_core.vectors.formats.text_lines import lines, numbers_between
from w2v_core.vectors.formats.word2vec_file import Word2VecFile

UNFIT_BINARY = "^$|[ \\n]"
"""Words that a binary file cannot hold: a space ends the word, and line feeds before it are passed over."""


def write_text(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write a line "K D", then one line per word."""
    (stream,) = streams
    stream.write(_header(chosen))
    for block in chosen.blocks():
        stream.write(lines(block.tokens, numbers_between(block.vectors, " ")))


def write_binary(chosen: ExportSelection, streams: Sequence[pa.NativeFile]) -> None:
    """Write a line "K D", then each word, a space and its numbers as little-endian float32; no line feed, as gensim."""
    (stream,) = streams
    stream.write(_header(chosen))
    for block in chosen.blocks():
        words = block.tokens.to_pylist()
        rows = block.vectors.astype("<f4", copy=False)
        stream.write(
            b"".join(word.encode() + b" " + row.tobytes() for word, row in zip(words, rows, strict=True))
        )


def _header(chosen: ExportSelection) -> bytes:
    return f"{len(chosen)} {chosen.vector_size}\n".encode()


def read(location: str, limit: int | None = None, binary: bool | None = None) -> VectorTable:
    """Read the first `limit` words of a file of either kind, compressed or not. Raises as `Word2VecFile`.

    With `binary`, raises InputError if the file is of the other kind.
    """
    file = Word2VecFile(location)
    if binary is not None and file.num_words and binary != file.is_binary:
        kinds = ("binary", "text") if binary else ("text", "binary")
        raise InputError(
            f"{location}: expected a {kinds[0]} word2vec file, got a {kinds[1]} one. Pass binary={not binary}."
        )
    num_words = file.num_words if limit is None else min(limit, file.num_words)
    vectors_VD = file.room_for(num_words)
    words: list[pa.Array] = []
    filled = 0
    for block, vectors_ND in file.blocks():
        end = min(filled + len(block), num_words)
        words.append(pa.array(block[: end - filled], pa.string()))
        vectors_VD[filled:end] = vectors_ND[: end - filled]
        filled = end
        if filled == limit:
            break
    file.decoder.log()
    return VectorTable.of(pa.chunked_array(words, pa.string()), vectors_VD, location=location)
