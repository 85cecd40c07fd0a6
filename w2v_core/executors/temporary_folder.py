"""Temporary folders that name their owner, so that a later start can remove what a killed process left."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from w2v_core.locking.process_identity import Process

PREFIX, OWNER = "w2v-shuffle-", "owner.json"


def make_folder(parent: str | None, prefix: str = PREFIX) -> Path:
    """Make a folder in `parent`, or in the system's temporary folder, and remove those of dead processes.

    Raises
    ------
    OSError
        If `parent` cannot be written.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    (folder / OWNER).write_text(Process.this().model_dump_json(), encoding="utf-8")
    for other in folder.parent.glob(f"{prefix}*"):
        if other != folder and _is_stale(other):
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _is_stale(folder: Path) -> bool:
    """Return whether this user's process made `folder` and has surely ended. Others may write into /tmp too."""
    with suppress(OSError, ValidationError):
        owner = folder / OWNER
        if any(path.is_symlink() or path.stat().st_uid != os.getuid() for path in (folder, owner)):
            return False
        return Process.model_validate_json(owner.read_bytes()).is_surely_dead()
    return False
