"""The export formats, and the export."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import fs

from w2v_core.errors import InputError
from w2v_core.io.atomic_write import atomic_write, packing
from w2v_core.io.filesystem import Folder, Location, access, open_folder, require_utf8
from w2v_core.vectors.formats import (
    glove,
    npy,
    parquet_file,
    projector,
    safetensors_file,
    text_lines,
    word2vec,
)
from w2v_core.vectors.formats.quantization_error import QuantizationReport, measure_quantization
from w2v_core.vectors.formats.table import ExportSelection, FloatType, VectorTable

DTYPES: dict[str, FloatType] = {"float32": np.float32, "float16": np.float16}


@dataclass(frozen=True)
class Format:
    """A format: its writer, and what it can hold."""

    write: Callable[[ExportSelection, Sequence[pa.NativeFile]], None]
    names: tuple[str, ...] = ()
    """the files of a folder; none for a format of one file, whose name is given"""
    unfit: str | None = None
    """a pattern of words that the format cannot hold"""
    packs: bool = False
    """whether its files may be compressed, by the extension of their name"""
    dtypes: tuple[str, ...] = ("float32",)


_TEXT = Format(word2vec.write_text, unfit=text_lines.UNFIT, packs=True)
FORMATS = {
    "word2vec-text": _TEXT,
    "word2vec-binary": Format(word2vec.write_binary, unfit=word2vec.UNFIT_BINARY, packs=True),
    "glove": Format(glove.write, unfit=text_lines.UNFIT, packs=True),
    "spacy": _TEXT,  # what `spacy init vectors` reads
    "parquet": Format(parquet_file.write),
    "npy": Format(npy.write, npy.NAMES, dtypes=("float32", "float16")),
    "safetensors": Format(safetensors_file.write, dtypes=("float32", "float16")),
    "projector": Format(projector.write, projector.NAMES, unfit=projector.UNFIT),
}


@dataclass(frozen=True)
class Exported:
    """The result of an export: numbers of words written and skipped, some skipped words, and the error of
    narrower numbers.
    """

    words: int
    num_skipped: int
    skipped: tuple[str, ...]
    quantization_error: QuantizationReport | None


def export(
    table: VectorTable,
    format_name: str,
    location: Location,
    *,
    limit: int | None = None,
    dtype: str = "float32",
    strict: bool = False,
) -> Exported:
    """Write the `limit` most frequent words to `location`: a path or a URI of a file or, for several, of a folder.

    Words that the format cannot hold are skipped, or with `strict` an error. Files are written atomically.
    Raises UserError for unknown or incompatible arguments, and for vectors that are not finite numbers of `dtype`.
    """
    location = os.fspath(location)
    form = _known(format_name, dtype)
    if limit is not None and limit < 1:
        raise InputError(f"limit = {limit} must be at least 1")
    folder, names = _target(form, format_name, location)
    chosen = ExportSelection.of(table, form.unfit, limit, DTYPES[dtype])
    if strict and chosen.num_skipped:
        raise InputError(
            f"{format_name} cannot hold {chosen.num_skipped:,} words ({_quoted(chosen.skipped)}, …); "
            "without strict they are skipped, and parquet, npy and safetensors hold any"
        )
    if not len(chosen):
        raise InputError(f"{format_name} can hold none of the words; parquet, npy and safetensors hold any")
    _require_range(chosen)
    try:
        with atomic_write(folder, names) as streams:
            form.write(chosen, streams)
    except OSError as error:
        raise InputError(f"{location} cannot be written: {error}") from None
    quantization_error = None if chosen.dtype is np.float32 else measure_quantization(chosen)
    return Exported(len(chosen), chosen.num_skipped, chosen.skipped, quantization_error)


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(ascii(word) for word in words)


def _known(format_name: str, dtype: str) -> Format:
    form = FORMATS.get(format_name)
    if form is None:
        raise InputError(f"format = {format_name!r} is not known; choose one of {', '.join(FORMATS)}")
    if dtype not in DTYPES:
        raise InputError(f"dtype = {dtype!r} is not known; choose one of {', '.join(DTYPES)}")
    if dtype not in form.dtypes:
        holders = [name for name, other in FORMATS.items() if dtype in other.dtypes]
        raise InputError(f"dtype = {dtype} is not for {format_name}; {' and '.join(holders)} take it")
    return form


def _target(form: Format, format_name: str, location: str) -> tuple[Folder, tuple[str, ...]]:
    """Return the folder and the names of the files to write."""
    require_utf8(location)
    target = open_folder(location)
    if target.is_local:  # a link stays, and what it leads to is written
        target = Folder(target.filesystem, os.path.realpath(target.path))
    with access(location):
        kind = target.filesystem.get_file_info(target.path).type
    if kind == fs.FileType.Unknown:
        raise InputError(f"{location} is a device, a pipe or a socket, which cannot be replaced; name a file")
    if form.names:
        if kind == fs.FileType.File:
            raise InputError(f"{location} is a file, and {format_name} writes several; name a folder")
        return target, form.names
    if kind == fs.FileType.Directory or location.endswith("/"):
        raise InputError(
            f"{location} is a folder, and {format_name} writes one file; name a file in the folder"
        )
    parent, _, name = target.path.rpartition("/")
    if packing(name) and not form.packs:
        raise InputError(f"{location}: {format_name} files cannot be compressed; remove the last extension")
    return Folder(target.filesystem, parent or "/"), (name,)


def _require_range(chosen: ExportSelection) -> None:
    if chosen.dtype is np.float32:
        return
    largest = max(float(np.abs(block.vectors).max(initial=0)) for block in chosen.blocks())
    if largest > float(np.finfo(chosen.dtype).max):
        raise InputError(f"a vector holds {largest:g}, which is out of range for float16; write float32")
