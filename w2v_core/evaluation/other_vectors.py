"""The vectors to compare with: of another run, or a folder that was copied out of one."""

from dataclasses import dataclass
from typing import Any

from w2v_core.errors import InputError
from w2v_core.io.filesystem import Folder, access, open_folder
from w2v_core.runs.artifacts import INPUT_VECTORS, MARKER, VOCAB_FILE
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.run_directory import RunDir

_FILES = (INPUT_VECTORS, VOCAB_FILE)


@dataclass(frozen=True)
class OtherVectors:
    """Where they are, and what they were asked for by."""

    location: str
    folder: Folder

    @classmethod
    def find(cls, location: str) -> "OtherVectors":
        """The vectors of the run directory, or in the folder, at `location`. UserError where there are none."""
        if location != location.encode(errors="replace").decode():
            raise InputError(f"--against {location!a}: the name is not valid UTF-8. Rename it.")
        path = resolved(location)
        folder = open_folder(path)
        with access(f"--against {location}"):
            if folder.read(MARKER) is not None:
                run = RunDir.open(path)
                run.require("vectors")
                return cls(location, run.stage("vectors"))
            if not set(_FILES) <= _names(folder):
                raise InputError(
                    f"--against {location}: expected a run directory or a folder with {' and '.join(_FILES)}. Name "
                    "another run directory."
                )
        return cls(location, folder)

    def identity(self) -> dict[str, Any]:
        """What tells these vectors from changed ones: place, and size and time of each file.

        The fingerprint of their training would not: trained again by several workers, they are others.
        """
        paths = [self.folder.file(name) for name in _FILES]
        with access(f"--against {self.location}"):
            found = self.folder.filesystem.get_file_info(paths)
        files = [[info.path, info.size, info.mtime_ns] for info in found]
        return {"location": self.location, "files": files}


def _names(folder: Folder) -> set[str]:
    try:
        return set(folder.sizes())
    except NotADirectoryError:
        return set()
