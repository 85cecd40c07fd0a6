"""A folder outside a run that a command fills: skipped when it is current, and finished as a stage is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from w2v_core.errors import RunError
from w2v_core.io.filesystem import access, open_folder, require_utf8
from w2v_core.runs.artifacts import MANIFEST, TEMPORARY
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.stage_writer import StageWriter, writing_stage

_MADE = re.compile(r"part-[0-9]{5,}\.parquet|[a-z]+\.npy|\.manifest\.json\.[0-9a-f]+")


class OutputFolder:
    """The folder at `location`, for what stage `name` makes. UserError where it holds anything else."""

    def __init__(self, location: str, name: str) -> None:
        require_utf8(location)
        self.folder = open_folder(location)
        self.location = location
        self._name = name
        with access(location):
            self.folder.require_bucket()
            try:
                is_ours = self._is_ours()
            except NotADirectoryError:
                raise RunError(f"--output {location} is no folder; name a new or an empty one") from None
            if not is_ours:
                raise RunError(
                    f"--output {location} is not empty and holds no {name} of w2v; name a new or an empty folder"
                )

    def _is_ours(self) -> bool:
        """Whether nothing is there, or our manifest, or what a process that was killed had begun."""
        if self.folder.read(MANIFEST) is not None:
            manifest = self.manifest()
            return manifest is not None and manifest.stage == self._name
        return self.folder.is_empty() or self._is_half()

    def _is_half(self) -> bool:
        """Whether files of ours stand here beside what tasks were writing. Hadoop's `_temporary` holds folders."""
        folders, files = self.folder.folders(), self.folder.sizes()
        is_ours = folders == [TEMPORARY] and not (self.folder / TEMPORARY).folders()
        return is_ours and all(_MADE.fullmatch(name) for name in files)

    def manifest(self) -> Manifest | None:
        """The manifest, or None where there is none that we wrote."""
        data = self.folder.read(MANIFEST)
        try:
            return None if data is None else Manifest.model_validate_json(data)
        except ValidationError:
            return None

    def is_current(self, name: str, wanted: str) -> bool:
        """Whether the folder is whole, and made from what `wanted` is the fingerprint of."""
        self._require_own(name)
        manifest = self.manifest()
        if manifest is None or manifest.fingerprint != wanted:
            return False
        sizes = self.folder.sizes()
        return all(sizes.get(entry.name) == entry.bytes for entry in manifest.files)

    def require(self, name: str) -> Manifest:
        """The manifest, of a folder that is current."""
        self._require_own(name)
        manifest = self.manifest()
        if manifest is None:
            raise RunError(f"{self.location} holds no finished {name}; run the command again")
        return manifest

    def _require_own(self, name: str) -> None:
        if name != self._name:
            raise RunError(f"stage {name!r}: expected {self._name!r}, for which {self.location} was opened")

    @contextmanager
    def rewrite(self, name: str) -> Iterator[StageWriter]:
        """Empty the folder, its manifest first, and hand out the draft of what will stand there.

        What the block leaves without `StageWriter.finish` is removed.
        """
        self._require_own(name)
        if self.folder.read(MANIFEST) is not None:
            self.folder.filesystem.delete_file(self.folder.file(MANIFEST))
        self.folder.delete()
        with writing_stage(name, self.folder) as stage_writer:
            yield stage_writer
