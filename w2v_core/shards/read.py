"""Shards to blocks of rows. B: rows, W: window."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from threading import Event, Thread
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from w2v_core import schemas
from w2v_core.errors import UserError
from w2v_core.parquet import read_row_group
from w2v_core.run_dir import FileEntry, Manifest
from w2v_core.shards.order import ROWS_PER_STRETCH, BlockPlan, Unit
from w2v_core.storage import Folder
from w2v_core.windows import NO_WORD

T = TypeVar("T")
_ORDER_OF_STRETCHES = 1  # what a block's generator is for


@dataclass(frozen=True)
class Block:
    """Rows read together: target (B,) int32 and contexts (B, 2 * W) int32."""

    target_B: npt.NDArray[np.int32]
    contexts_BW: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.target_B)


@dataclass(frozen=True)
class Shards:
    """The shards of a run that have rows, what their manifest says of them, and how many words there are."""

    folder: Folder
    files: Sequence[FileEntry]
    window: int
    row_group_rows: int
    num_words: int

    @classmethod
    def of(cls, folder: Folder, manifest: Manifest, num_words: int) -> "Shards":
        """The shards that a manifest lists. UserError for a manifest that does not tell the size of a row group."""
        files = [file for file in manifest.files if file.rows]
        row_group_rows = manifest.counters.get("row_group_rows")
        if not row_group_rows:
            raise UserError(f"the shards in {folder} are of an earlier version; run `w2v shards` again")
        return cls(folder, files, int(manifest.config["window"]), row_group_rows, num_words)

    @property
    def rows_by_shard(self) -> list[int]:
        """Rows of each shard."""
        return [file.rows or 0 for file in self.files]

    def read(self, plan: BlockPlan, seed: int) -> Block:
        """The rows of a block, in an order that is a pure function of the plan and the seed.

        UserError names a shard that is missing, damaged or foreign, or holds an id that is no word's.
        """
        parts = [whole_stretches(self.read_unit(unit, unit.begin, unit.end)) for unit in plan.units]
        target_B = np.concatenate([part.target_B for part in parts])
        contexts_BW = np.concatenate([part.contexts_BW for part in parts])
        rng = np.random.default_rng((seed, plan.epoch, _ORDER_OF_STRETCHES, plan.number))
        order = rng.permutation(len(target_B) // ROWS_PER_STRETCH)
        return Block(_by_stretches(target_B, order), _by_stretches(contexts_BW, order))

    def read_unit(self, unit: Unit, begin: int, end: int) -> Block:
        """Rows begin to end (exclusive) of a row group, as they stand there."""
        name = self.files[unit.shard].name
        rows = read_row_group(self.folder, name, unit.row_group, schemas.shards(self.window))
        rows = rows.slice(begin, end - begin)
        contexts = rows["contexts"].combine_chunks().flatten().to_numpy()
        block = Block(rows["target"].to_numpy(), contexts.reshape(-1, 2 * self.window))
        require_known(block, self.num_words, self.folder.file(name))
        return block


def whole_stretches(block: Block) -> Block:
    """The block with its last stretch filled up, by rows without a context."""
    missing = -len(block) % ROWS_PER_STRETCH
    if not missing:
        return block
    no_contexts = np.full((missing, block.contexts_BW.shape[1]), NO_WORD, np.int32)
    return Block(
        np.append(block.target_B, np.zeros(missing, np.int32)),
        np.append(block.contexts_BW, no_contexts, axis=0),
    )


def _by_stretches(rows: npt.NDArray[np.int32], order: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """The rows with their stretches in `order`."""
    shape = (len(order), ROWS_PER_STRETCH * math.prod(rows.shape[1:]))
    return np.take(rows.reshape(shape), order, axis=0, mode="clip").reshape(rows.shape)


def require_known(block: Block, num_words: int, path: str) -> None:
    """UserError unless every id is a word's and the rows stand in stretches of text, of which `block` begins with one.

    Other ids would have compiled code write beside the tables.
    """
    if len(block) == 0:
        return
    lowest = min(block.target_B.min(), block.contexts_BW.min() - NO_WORD)
    highest = max(block.target_B.max(), block.contexts_BW.max())
    if lowest < 0 or highest >= num_words:
        raise UserError(
            f"{path} holds ids that are not of this vocabulary of {num_words:,}; write the shards again"
        )
    nearest_BC = block.contexts_BW[:, :2]  # who has no neighbour at all has none at one word's distance
    if ((nearest_BC[:, 0] == NO_WORD) & (nearest_BC[:, 1] == NO_WORD)).any():
        raise UserError(f"{path} holds a row without a context; write the shards again")
    follows_B = (nearest_BC[1:, 0] == NO_WORD) | (nearest_BC[1:, 0] == block.target_B[:-1])
    follows_B[ROWS_PER_STRETCH - 1 :: ROWS_PER_STRETCH] = True  # between stretches anything may come
    if not follows_B.all():
        raise UserError(
            f"the rows of {path} are not in stretches of {ROWS_PER_STRETCH} that follow each other in the text; "
            "write the shards again"
        )


def prefetched(make: Callable[[T], Block], items: Iterable[T], depth: int = 2) -> Iterator[tuple[T, Block]]:
    """(item, make(item)) in order, made by a thread that is at most `depth` ahead.

    What `make` raises is raised here. The thread ends with the iterator.
    """
    queue: Queue[tuple[T, Block] | BaseException | None] = Queue(maxsize=depth)
    abandoned = Event()

    def produce() -> None:
        try:
            for item in items:
                queue.put((item, make(item)))
                if abandoned.is_set():
                    return
            queue.put(None)
        except BaseException as error:
            queue.put(error)

    thread = Thread(target=produce, daemon=True, name="shard reader")
    thread.start()
    try:
        while (found := queue.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        abandoned.set()
        while thread.is_alive():
            while not queue.empty():
                queue.get()
            thread.join(0.01)
