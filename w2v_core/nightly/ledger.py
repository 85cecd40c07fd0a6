"""Which input files a model has read, by what they hold: a file's date and name decide nothing.

ledger = Ledger.read(data)
found = fingerprints(find_files(["/data/arriving"]), ledger)
sorted_out = ledger.sort_out(found)      # .new, .changed, .copies, .empty
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from w2v_core.errors import UserError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.readers.splits import InputFile

CHUNK_BYTES = 4 << 20
FILES_AT_ONCE = 8


class ReadFile(BaseModel):
    """A file as it was when it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    location: str
    """what --input takes"""
    size: int
    mtime_ns: int
    sha256: str
    """of its bytes, packed as they are"""


_FILES = TypeAdapter(tuple[ReadFile, ...])


@dataclass(frozen=True)
class SortedOut:
    """Files beside those that are in the ledger as they stand."""

    new: list[ReadFile] = field(default_factory=list)
    changed: list[ReadFile] = field(default_factory=list)
    """known by name, and now of other content"""
    copies: list[ReadFile] = field(default_factory=list)
    """of content that was read under another name, or stands in `new` already"""
    empty: list[ReadFile] = field(default_factory=list)


@dataclass(frozen=True)
class Ledger:
    """Every file that a model's versions were trained on, oldest first; a changed one is in it twice."""

    files: tuple[ReadFile, ...] = ()

    @classmethod
    def read(cls, data: bytes, name: str) -> "Ledger":
        """The ledger in JSON. UserError, naming it `name`, where it is damaged."""
        try:
            return cls(_FILES.validate_json(data))
        except ValidationError:
            raise UserError(
                f"{name} is damaged: it is not a valid list of files. Restore it from a copy."
            ) from None

    def to_json(self) -> bytes:
        """What `read` reads."""
        return _FILES.dump_json(self.files, indent=1)

    def extended(self, files: Sequence[ReadFile]) -> "Ledger":
        """This ledger, and `files` read after it."""
        return Ledger((*self.files, *files))

    @cached_property
    def by_location(self) -> dict[str, ReadFile]:
        """The latest content of each file."""
        return {file.location: file for file in self.files}

    @cached_property
    def contents(self) -> frozenset[str]:
        """Hashes of all that was read."""
        return frozenset(file.sha256 for file in self.files)

    def sort_out(self, files: Sequence[ReadFile]) -> SortedOut:
        """What of `files` was not read yet."""
        found, taken = SortedOut(), set(self.contents)
        for file in files:
            known = self.by_location.get(file.location)
            if file.size == 0:
                found.empty.append(file)
            elif file.sha256 in taken:
                if known is None or known.sha256 != file.sha256:
                    found.copies.append(file)
            else:
                taken.add(file.sha256)
                (found.new if known is None else found.changed).append(file)
        return found


def fingerprints(
    files: Sequence[InputFile], ledger: Ledger = Ledger(), *, reread: bool = False
) -> list[ReadFile]:
    """`files` with the hashes of their content.

    A file whose name, size and time are those of the ledger is taken to hold what it held, unless `reread`.
    UserError for a file that is gone.
    """

    def fingerprint(file: InputFile) -> ReadFile:
        location = location_of(file)
        known = ledger.by_location.get(location)
        if not reread and known and (known.size, known.mtime_ns) == (file.size, file.mtime_ns):
            return known
        return ReadFile(
            location=location, size=file.size, mtime_ns=file.mtime_ns, sha256=_hash(file, location)
        )

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        return list(pool.map(fingerprint, files))


def location_of(file: InputFile) -> str:
    """What `--input` takes for this one file: its path, or a URI."""
    if "://" not in file.root:
        return file.path
    below = file.path.removeprefix(open_folder(file.root).path)
    return file.root.rstrip("/") + below.replace("%", "%25")


def _hash(file: InputFile, location: str) -> str:
    digest = hashlib.sha256()
    filesystem = open_folder(file.root).filesystem
    try:
        with access(location), filesystem.open_input_stream(file.path, compression=None) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    except FileNotFoundError:
        raise UserError(
            f"input {location} was there a moment ago and is gone; run again once files have settled"
        ) from None
    return digest.hexdigest()
