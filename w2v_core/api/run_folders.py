"""Where the runs of a model are: temporary folders that end with it, kept ones, and copies."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from w2v_core.errors import RunError, UserError
from w2v_core.executors.temporary_folder import make_folder
from w2v_core.io.filesystem import Folder, Location, is_uri
from w2v_core.pipeline.one_writer import writing
from w2v_core.runs.artifacts import MANIFEST, REPORT_PAGE, STAGES
from w2v_core.runs.run_directory import RunDir

_COPY_BYTES = 16 << 20


class TemporaryFolder:
    """A folder that is removed with its owner, at the end of the program at the latest.

    What a killed program left is removed by the next that makes one.
    """

    def __init__(self, owner: Any, parent: str | None = None, prefix: str = "w2v-model-") -> None:
        try:
            self.path = str(make_folder(parent, prefix))
        except OSError as error:
            raise UserError(
                f"{parent or tempfile.gettempdir()} cannot hold a temporary run: {error.strerror}. Give a run_dir, or "
                "set executor.temp_dir to a folder that can be written."
            ) from None
        self._finalizer = weakref.finalize(owner, shutil.rmtree, self.path, ignore_errors=True)

    @property
    def run(self) -> str:
        """Return the location of the run in the folder."""
        return os.path.join(self.path, "run")  # noqa: PTH118 - a location is text

    def remove(self) -> None:
        """Remove the folder now."""
        self._finalizer()


def require_local(run_dir: Location) -> Path:
    """Return the path of a run directory that a later run can replace. Raises UserError for a URI."""
    location = os.fspath(run_dir)
    if is_uri(location):
        raise UserError(
            f"run_dir = {location}: partial_fit replaces the run directory, which needs a path on this machine. Leave "
            "run_dir out, and save the model there."
        )
    return Path(location).expanduser().absolute()


def replace_run(old: Path, new: Path) -> RunDir:
    """Move the run directory `new` to where `old` is, whether or not `old` exists, and return it."""
    if not old.exists():
        old.parent.mkdir(parents=True, exist_ok=True)
        new.rename(old)
        return RunDir.open(old)
    with writing(RunDir.open(old), "Word2Vec.partial_fit"):
        pass  # nobody else writes there
    aside = new.with_name("replaced")
    old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside, ignore_errors=True)
    return RunDir.open(old)


def copy_run(run: RunDir, location: Location) -> RunDir:
    """Copy the finished stages of a run into a new run directory; a manifest comes after the files of its stage.

    Raises RunError if a run is there already.
    """
    target = RunDir.create(location)
    if any(target.stage(stage).read(MANIFEST) is not None for stage in STAGES):
        raise RunError(
            f"{os.fspath(location)} holds a run already: expected a new or an empty folder. Name another one."
        )
    with writing(target, "Word2Vec.save"):
        for stage in STAGES:
            _copy_stage(run, stage, target.stage(stage))
    return target


def _copy_stage(run: RunDir, stage: str, to: Folder) -> None:
    source = run.stage(stage)
    manifest = run.manifest(stage)
    page = source.read(REPORT_PAGE) if stage == "reports" else None
    if manifest is None and page is None:
        return
    to.create()
    for entry in manifest.files if manifest else ():
        with (
            source.filesystem.open_input_stream(source.file(entry.name), compression=None) as reading,
            to.filesystem.open_output_stream(to.file(entry.name), compression=None) as writing_to,
        ):
            shutil.copyfileobj(reading, writing_to, _COPY_BYTES)
    if page is not None:
        to.write_atomically(REPORT_PAGE, page)
    if (data := source.read(MANIFEST)) is not None:
        to.write_atomically(MANIFEST, data)
