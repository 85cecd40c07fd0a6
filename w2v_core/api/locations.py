"""Paths, globs and URIs of input files."""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

from w2v_core.errors import InputError
from w2v_core.executors.catalog import PREFIX
from w2v_core.io.filesystem import Location, is_uri

_WILDCARDS = re.compile(r"[*?\[]")
_MOST_CHARACTERS = 40


def is_location(value: object) -> bool:
    """Return whether a value has the type of a path."""
    return isinstance(value, str | os.PathLike)


def checked_locations(locations: Sequence[Location]) -> list[str]:
    """Return the locations as text. Raises InputError for one that names no file: it may be a sentence."""
    names = []
    for number, location in enumerate(locations):
        if not is_location(location):
            raise InputError(
                f"sentences[{number}] = {shortened(location)}: expected a path, as the first item is, got a value of "
                f"type {type(location).__name__}. Give only paths, or only lists of tokens."
            )
        name = os.fspath(location)
        if not _names_files(name):
            raise _no_file(name) if isinstance(location, str) else _no_path(name)
        names.append(name)
    return names


def _names_files(name: str) -> bool:
    """Return whether `name` is a URI or a table, or names an existing file or folder, or is a glob of some."""
    if is_uri(name) or name.startswith(PREFIX):
        return True
    try:
        exists = Path(name).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, or no home
        return False
    return exists or (_WILDCARDS.search(name) is not None and bool(glob.glob(name, recursive=True)))  # noqa: PTH207 - a pattern may be absolute


def _no_file(name: str) -> InputError:
    return InputError(
        f"{shortened(name)} names no file: expected the path of an existing file, or sentences as lists of tokens. "
        "Iterating over a text gives letters, so split it, as in [text.split() for text in texts]."
    )


def _no_path(name: str) -> InputError:
    return InputError(f"input {name} does not exist: expected a file, a folder or a glob. Check the path.")


def shortened(value: object) -> str:
    """Return the beginning of a value, as Python writes it."""
    text = repr(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
