"""`STORE/<name>@current` and `STORE/<name>@v3`: versions of a model in a store, wherever vectors or a run are read.

A reader resolves a reference once and keeps the folder: a version never changes, but the current one may be another.
"""

import re
from typing import Any

from pyarrow import fs
from pydantic import BaseModel, ConfigDict, ValidationError

from w2v_core.errors import RunError
from w2v_core.io.filesystem import Folder, access, open_folder

POINTER = "current"
"""The file that says which version of a model is the current one."""

RECORD = "version.json"
"""What a version says of itself. It is written last: without it there is no version."""

VERSION_NAME = re.compile(r"v[1-9][0-9]{0,8}")

_REFERENCE = re.compile(
    r"(?P<model>.*[^/@][^/]*)@(?P<version>current|v[1-9][0-9]{0,8})(?P<below>/[^?@]*)?(?P<query>\?.*)?",
    re.DOTALL,
)


class PromotionEvent(BaseModel):
    """That a version became the current one."""

    model_config = ConfigDict(frozen=True)
    version: str
    at: str
    is_rollback: bool = False


class Pointer(BaseModel):
    """The current version of a model, and how it came to be."""

    model_config = ConfigDict(frozen=True)
    version: str
    turns: tuple[PromotionEvent, ...]

    def _fits(self) -> bool:
        """Whether it names a version, and the last turn the same: a flipped bit names another."""
        is_name = VERSION_NAME.fullmatch(self.version) is not None
        return is_name and bool(self.turns) and self.turns[-1].version == self.version

    @classmethod
    def read(cls, folder: Folder) -> "Pointer | None":
        """That of the model in `folder`, None where it has none. UserError where it is damaged."""
        data = folder.read(POINTER)
        if data is None:
            return None
        try:
            pointer = cls.model_validate_json(data)
        except ValidationError:
            pointer = None
        if pointer is None or not pointer._fits():
            raise RunError(
                f"{folder.file(POINTER)} is damaged: it is not what this program writes; delete it, and choose a "
                "version with `w2v models promote`"
            )
        return pointer


def resolved(location: str) -> str:
    """The folder of the version that `location` refers to; `location` itself where it is no reference.

    UserError where the model has no such version. A file or a folder that is really called so is taken as it is.
    """
    found = _REFERENCE.fullmatch(location)
    if found is None:
        return location
    with access(location):
        literal = open_folder(location)
        if literal.filesystem.get_file_info(literal.path).type != fs.FileType.NotFound:
            return location
        literal.require_bucket()
        query = found["query"] or ""
        folder = open_folder(found["model"] + query)
        version = _version(folder, found["version"], location)
        if (folder / version).read(RECORD) is None:
            raise RunError(
                f"{location} does not exist: {found['model']} has no version {version}; `w2v models list` shows those "
                "that it has"
            )
    return f"{found['model']}/{version}{found['below'] or ''}{query}"


def _version(folder: Folder, wanted: str, location: str) -> str:
    if wanted != POINTER:
        return wanted
    pointer = Pointer.read(folder)
    if pointer is None:
        raise RunError(
            f"{location} does not exist: no version of that model is the current one; publish one with `w2v publish`, "
            "or choose one with `w2v models promote`"
        )
    return pointer.version


def reject_reference(location: str) -> None:
    """UserError where `location`, at which nothing is yet, refers to a model that has versions."""
    found = _REFERENCE.fullmatch(location)
    if found is None:
        return
    model = open_folder(found["model"] + (found["query"] or ""))
    if any(VERSION_NAME.fullmatch(name) for name in model.folders()):
        raise RunError(
            f"{location} is a published version, which nothing changes; name another run directory"
        )


def reject_model(folder: Folder, location: Any) -> None:
    """UserError where the versions of a model stand in `folder`."""
    if folder.read(POINTER) is not None and any(VERSION_NAME.fullmatch(name) for name in folder.folders()):
        raise RunError(f"{location} is a published model; name one of its versions, as in STORE/NAME@current")


def reject_published(folder: Folder, location: Any) -> None:
    """UserError where a version stands in `folder`."""
    if folder.read(RECORD) is not None:
        raise RunError(
            f"{location} is a published version, which nothing changes; name another run directory, and publish that"
        )
