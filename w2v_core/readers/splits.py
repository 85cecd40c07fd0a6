"""Input locations to files, and files to the splits that tasks read.

A plain file is cut into ranges of bytes. A compressed one, and CSV, can only be read from its beginning and is one
split. Small files share a task.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

from pyarrow import fs

from w2v_core.errors import InputError, UserError
from w2v_core.io.credentials import reject_in_location
from w2v_core.io.filesystem import Folder, Location, access, open_folder, read_file
from w2v_core.readers.compression import ENDINGS
from w2v_core.readers.detect_format import TABLES, Format, Kind, detect_kind, format_of_name
from w2v_core.runs.artifacts import MARKER

_WILDCARDS = re.compile(r"[*?\[]")
_FILES_AT_ONCE = 16


@dataclass(frozen=True)
class InputFile:
    """A file to read: `path` in the file system that `root` (a path or a URI) opens."""

    root: str
    path: str
    size: int
    mtime_ns: int

    declared_format: Format | None = None
    """the setting `tokenize.format`"""
    column: str = "text"
    """`tokenize.column`, by which CSV is recognized"""
    known_kind: Kind | None = None
    """if it is known without reading the file"""
    digest: str | None = None
    """of the content, where the file is a temporary copy of what a program holds"""

    @cached_property
    def kind(self) -> Kind:
        """Return how to read it: as declared, or by its first bytes. Raises UserError for unsupported formats."""
        if self.known_kind is not None:
            return self.known_kind
        if self.size == 0:
            return Kind(self.declared_format or format_of_name(self.path) or "text")
        return detect_kind(open_folder(self.root).filesystem, self.path, self.column, self.declared_format)

    @property
    def format(self) -> Format:
        """Return the format of the file."""
        return self.kind.format

    @property
    def compression(self) -> str | None:
        """Return its compression, None if it is not compressed."""
        return self.kind.compression

    @property
    def is_one_split(self) -> bool:
        """Return whether it can only be read from its beginning."""
        return self.compression is not None or self.format in ("csv", "tsv", "avro", "arrow")

    def identity(self) -> dict[str, Any]:
        """Return what identifies the content of the file. The declared format is among the settings."""
        if self.digest is not None:
            return {"digest": self.digest, "size": self.size}
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns}


@dataclass(frozen=True)
class Split:
    """The lines, row groups, stripes or pages that begin at a byte in [begin, end)."""

    file: InputFile
    begin: int
    end: int


def read_list(path: str) -> list[str]:
    """Return the locations in a JSON list. Raises UserError for other content."""
    try:
        locations = json.loads(read_file(path, "--input-list"))
    except UserError:
        raise
    except (ValueError, RecursionError):
        locations = None
    if not isinstance(locations, list) or not all(isinstance(location, str) for location in locations):
        raise InputError(
            f'--input-list {path} must hold a JSON list of paths and URIs, as in ["a.txt", "s3://bucket/b.txt"]'
        )
    return locations


def find_files(
    locations: Sequence[Location],
    declared_format: Format | None = None,
    column: str = "text",
    *,
    may_be_none: bool = False,
) -> list[InputFile]:
    """Return every file that `locations` name, once, sorted by path.

    Folders and wildcards skip hidden files and folders, whose names begin with `.` or `_`. Raises UserError for a
    location that does not exist, for a location without files unless there `may_be_none`, and for an empty file with
    the extension of a table or a compression. Files are not read until their kind is needed.
    """
    if not locations:
        raise InputError("no input was named; use --input with files, folders, globs or URIs")
    paths = [os.fspath(location) for location in locations]
    for location in paths:
        reject_in_location(location)
        if location != location.encode(errors="replace").decode():
            raise InputError(f"input {location!a} has a name that is not UTF-8; rename it")
    found: dict[str, InputFile] = {}
    for location in paths:
        with access(f"input {location}"):
            for file in _expand(location, may_be_none):
                real = _same_for_links(file)
                found[real] = min(found.get(real, file), file, key=partial(_how_strange, real))
    files = [replace(file, declared_format=declared_format, column=column) for file in found.values()]
    for file in files:
        kind = (
            ENDINGS.get(PurePosixPath(file.path).suffix.lower())
            or declared_format
            or format_of_name(file.path)
        )
        if file.size == 0 and kind in _NEVER_EMPTY:
            raise InputError(
                f"{file.path} is empty, and not a valid {kind} file; copy it again, or leave it out of --input"
            )
    return sorted(files, key=lambda file: file.path)


_NEVER_EMPTY = frozenset((*ENDINGS.values(), *TABLES, "mediawiki"))


def detect_formats(files: Sequence[InputFile]) -> None:
    """Read the first bytes of all files, several at a time, so that the kind of each is known.

    Raises UserError for the first file, in their order, of a format that is not read.
    """
    with ThreadPoolExecutor(min(_FILES_AT_ONCE, max(1, len(files)))) as pool:
        for _ in pool.map(lambda file: file.kind, files):
            pass


def _same_for_links(file: InputFile) -> str:
    """Return what two names of the same file have in common."""
    return file.path if "://" in file.root else str(Path(file.path).resolve())


def _how_strange(real: str, file: InputFile) -> tuple[bool, str]:
    """Return a sort key that prefers the name of a file to that of a link, which may lack the extension."""
    return PurePosixPath(file.path).name != PurePosixPath(real).name, file.path


def _expand(location: str, may_be_none: bool) -> list[InputFile]:
    root = _fixed_part(location)
    folder = open_folder(root)
    info = folder.filesystem.get_file_info(folder.path)
    if root != location:
        files = _matching(location, root, folder)
    elif info.type == fs.FileType.Directory:
        files = list(_below(root, folder))
    elif info.type == fs.FileType.File:
        files = [_input_file(root, info)]
    elif info.type == fs.FileType.Unknown:
        raise InputError(
            f"input {location} is a device, a pipe or a socket, which cannot be read from its start again; name a file"
        )
    else:
        folder.require_bucket()
        raise InputError(f"input {location} does not exist; {_fix_for(location)}")
    if not files and not may_be_none:
        raise InputError(f"input {location} holds no file to read; {_fix_for(location)}")
    return files


def _fix_for(location: str) -> str:
    """Return the fix for a location without files."""
    if "{" in location:
        return "braces are not a pattern; repeat --input for each name, or use * and ?"
    if "," in location:
        return "a comma does not separate paths; repeat --input for each one"
    return "check the path given to --input"


def _fixed_part(location: str) -> str:
    """Return the location itself, or for a glob the folder above its first wildcard."""
    wildcard = _WILDCARDS.search(location)
    if wildcard is None or ("://" not in location and Path(location).exists()):
        return location
    return location[: wildcard.start()].rpartition("/")[0] or ("/" if location.startswith("/") else ".")


def _matching(glob: str, root: str, folder: Folder) -> list[InputFile]:
    """Return the files that match, and those below folders that match. Only `**` matches several levels."""
    relative = glob[len(root) :].lstrip("/") if glob.startswith(root) else glob
    files: list[InputFile] = []
    for info in _entries(folder, relative):
        if info.type == fs.FileType.File:
            files.append(_input_file(root, info))
        else:
            files.extend(_below(root, Folder(folder.filesystem, info.path)))
    return files


def _entries(folder: Folder, pattern: str) -> list[fs.FileInfo]:
    if "**" in pattern:
        selector = fs.FileSelector(folder.path, allow_not_found=True, recursive=True)
        return _that_match(folder, selector, pattern)
    first, _, rest = pattern.partition("/")
    found = _that_match(folder, fs.FileSelector(folder.path, allow_not_found=True), first)
    if not rest:
        return found
    folders = [Folder(folder.filesystem, info.path) for info in found if info.type == fs.FileType.Directory]
    return [info for inner in folders for info in _entries(inner, rest)]


def _that_match(folder: Folder, selector: fs.FileSelector, pattern: str) -> list[fs.FileInfo]:
    try:
        regex = re.compile(_glob_to_regex(pattern))
    except re.error as error:
        raise InputError(f"input pattern {pattern} is neither a file nor a valid pattern: {error}") from None
    top = folder.path.rstrip("/") + "/"
    found = ((info, info.path.removeprefix(top)) for info in folder.filesystem.get_file_info(selector))
    return [info for info, name in found if not _is_hidden(name) and regex.fullmatch(name)]


def _glob_to_regex(glob: str) -> str:
    """Return a glob as a regular expression. `*` and `?` match within a folder, `**/` any folders, `[…]` a set."""
    out, position = [], 0
    for match in re.finditer(r"\*\*/|\*|\?|\[[^\]]+\]", glob):
        out.append(re.escape(glob[position : match.start()]))
        wildcard = match.group()
        simple = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
        out.append(simple.get(wildcard) or wildcard.replace("[!", "[^"))
        position = match.end()
    return "".join([*out, re.escape(glob[position:])])


def _below(root: str, folder: Folder) -> Iterator[InputFile]:
    """Return every file below the folder, except hidden files and run directories."""
    paths = _local_folders(folder.path) if folder.is_local else [folder.path]
    for path in paths:
        selector = fs.FileSelector(path, recursive=not folder.is_local)
        top = path.rstrip("/") + "/"
        found = folder.filesystem.get_file_info(selector)
        runs = tuple(info.path.removesuffix(MARKER) for info in found if info.base_name == MARKER)
        for info in found:
            if (
                info.type == fs.FileType.File
                and not _is_hidden(info.path.removeprefix(top))
                and not info.path.startswith(runs)
            ):
                yield _input_file(root, info)


def _local_folders(top: str) -> Iterator[str]:
    """Yield the folder and the folders below it, each once, also through symbolic links."""

    def reject(error: OSError) -> None:
        raise InputError(f"input {error.filename} cannot be read: {error.strerror}") from None

    seen: set[str] = set()
    for path, names, files in os.walk(top, followlinks=True, onerror=reject):
        real = os.path.realpath(path)
        if real in seen or MARKER in files:
            names.clear()
            continue
        seen.add(real)
        names[:] = sorted(name for name in names if not _is_hidden(name))
        yield path


def _is_hidden(name: str) -> bool:
    return any(part[0] in "._" for part in PurePosixPath(name).parts)


def _input_file(root: str, info: fs.FileInfo) -> InputFile:
    return InputFile(root, info.path, info.size, info.mtime_ns or 0)


def plan_splits(files: Sequence[InputFile], split_bytes: int) -> list[list[Split]]:
    """Return splits of about `split_bytes` bytes, one list per task, in the order of `files`."""
    detect_formats(files)
    tasks: list[list[Split]] = []
    room = 0
    for split in (split for file in files for split in _cut(file, split_bytes)):
        size = split.end - split.begin
        if size > room:
            tasks.append([])
            room = split_bytes
        tasks[-1].append(split)
        room -= size
    return tasks


def _cut(file: InputFile, split_bytes: int) -> Iterator[Split]:
    if file.size == 0:
        return
    step = file.size if file.is_one_split else split_bytes
    for begin in range(0, file.size, step):
        yield Split(file, begin, min(begin + step, file.size))
