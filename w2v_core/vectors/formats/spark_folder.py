"""Folders that Spark wrote: a table of vectors in Parquet, or a Word2VecModel of MLlib.

table     part-*.parquet with the columns of `parquet_file`
model     metadata/part-00000*, JSON with the class Word2VecModel; data/part-*.parquet with `word` and `vector`
"""

import json
import re

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Folder
from w2v_core.runs.artifacts import MANIFEST, MARKER
from w2v_core.vectors.formats import parquet_file
from w2v_core.vectors.formats.table import VectorTable

_PART = re.compile(r"part-.*\.parquet")
_MODEL = "Word2VecModel"


def parts_of(folder: Folder, location: str) -> list[str]:
    """Return the paths of the Parquet files in order, empty where Spark did not write the folder.

    Raises InputError for a model of another class.
    """
    sizes = folder.sizes()
    if sizes.keys() & {
        MANIFEST,
        MARKER,
    }:  # a stage of a run, or a run, such as a model of ours that Spark saved
        return []
    if parts := _parts_among(folder, sizes):
        return parts
    found = _class_of_model(folder / "metadata")
    if found is None:
        return []
    if not found.endswith(f".{_MODEL}"):
        raise InputError(
            f"{location}: expected a Spark model of the class {_MODEL}, got {found}; name the folder of the {_MODEL}"
        )
    parts = _parts_among(folder / "data", (folder / "data").sizes())
    if not parts:
        raise InputError(f"{location} is a Spark {_MODEL} without data/part-*.parquet; copy the whole folder")
    return parts


def read(folder: Folder, parts: list[str], location: str) -> VectorTable:
    """Return the words of the folder's `parts`. Errors as for `parquet_file.read`."""
    return parquet_file.read_parts(folder.filesystem, parts, location)


def _parts_among(folder: Folder, sizes: dict[str, int]) -> list[str]:
    return [folder.file(name) for name in sorted(sizes) if _PART.fullmatch(name)]


def _class_of_model(metadata: Folder) -> str | None:
    """The class that a Spark model's metadata names, None where there is none."""
    name = next((name for name in sorted(metadata.sizes()) if name.startswith("part-00000")), None)
    if name is None:
        return None
    try:
        found = json.loads((metadata.read(name) or b"").splitlines()[0])["class"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return found if isinstance(found, str) else None
