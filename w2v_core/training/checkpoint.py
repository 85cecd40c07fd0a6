"""Both tables and every worker's position, saved so that a run which dies goes on from there.

    CHECKPOINTS/000123/{input.npy, output.npy, state.json}

The state is written last, so a checkpoint with a state is whole. The last two are kept.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access
from w2v_core.io.npy import open_array
from w2v_core.runs.artifacts import INPUT_VECTORS, OUTPUT_VECTORS, TRAINING_STATE
from w2v_core.training.engine.tables import Tables
from w2v_core.training.worker import WorkerState

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole: what it is of, where every worker stood, and the seconds trained until then."""

    folder: Folder
    settings: dict[str, Any]
    worker_states: tuple[WorkerState, ...]
    seconds: float

    def load_into(self, tables: Tables) -> None:
        """Fill the tables. UserError where a file is damaged."""
        for name, table_VD in ((INPUT_VECTORS, tables.input), (OUTPUT_VECTORS, tables.output)):
            path = self.folder.file(name)
            try:
                with access(path), open_array(self.folder, name) as file:
                    if file.shape != table_VD.shape:
                        raise ValueError(f"shape {file.shape}")
                    file.read_into(table_VD)
            except UserError:
                raise
            except (OSError, ValueError) as error:
                raise UserError(f"checkpoint {path} is damaged ({error}); train with --fresh") from None


class Checkpoints:
    """The checkpoints of a run, in a folder of their own."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def latest(self) -> Checkpoint | None:
        """The newest whole checkpoint."""
        for name in reversed(self.folder.folders()):
            folder = self.folder / name
            if data := folder.read(TRAINING_STATE):
                state = json.loads(data)
                worker_states = tuple(WorkerState(**worker_state) for worker_state in state["standings"])
                return Checkpoint(folder, state["settings"], worker_states, state["seconds"])
        return None

    def save(
        self, tables: Tables, settings: dict[str, Any], worker_states: tuple[WorkerState, ...], seconds: float
    ) -> None:
        """Write a new checkpoint and remove all but the last two."""
        names = self.folder.folders()
        folder = self.folder / f"{int(names[-1]) + 1 if names else 1:06d}"
        folder.create()
        for name, table_VD in ((INPUT_VECTORS, tables.input), (OUTPUT_VECTORS, tables.output)):
            with folder.filesystem.open_output_stream(folder.file(name), compression=None) as stream:
                np.save(stream, table_VD, allow_pickle=False)
        state = {"settings": settings, "standings": [s._asdict() for s in worker_states], "seconds": seconds}
        folder.write_atomically(TRAINING_STATE, json.dumps(state).encode())
        for name in [*names, folder.path.rpartition("/")[2]][:-KEPT]:
            (self.folder / name).delete()

    def clear(self) -> None:
        """Remove all of them."""
        self.folder.delete()
