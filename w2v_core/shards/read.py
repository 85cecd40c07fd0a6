"""Shards to blocks of rows, one row group in memory at a time. B: rows, W: window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from w2v_core import schemas
from w2v_core.errors import UserError
from w2v_core.parquet import row_groups
from w2v_core.run_dir import Manifest
from w2v_core.storage import Folder
from w2v_core.windows import NO_WORD

_ORDER_OF_SHARDS, _ORDER_OF_BLOCK = 0, 1  # what an epoch's generator is for


@dataclass(frozen=True)
class Block:
    """Rows read together: target (B,) int32 and contexts (B, 2 * W) int32."""

    target_B: npt.NDArray[np.int32]
    contexts_BW: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.target_B)


@dataclass(frozen=True)
class Shards:
    """The shards of a run: their folder, the names of those with rows, rows in all, and the window."""

    folder: Folder
    names: Sequence[str]
    num_rows: int
    window: int

    @classmethod
    def of(cls, folder: Folder, manifest: Manifest) -> "Shards":
        """The shards that a manifest lists."""
        files = [file for file in manifest.files if file.rows]
        window = int(manifest.config["window"])
        return cls(folder, [file.name for file in files], sum(file.rows or 0 for file in files), window)

    def epoch(self, seed: int, epoch: int, num_words: int) -> Iterator[Block]:
        """Every row once, in an order that is a pure function of (seed, epoch).

        The shards come in a random order; the rows of a row group, already shuffled when they were
        written, are shuffled again. UserError names a shard that is missing, damaged or foreign, or holds
        an id that is not below `num_words`.
        """
        order = np.random.default_rng((seed, epoch, _ORDER_OF_SHARDS)).permutation(len(self.names))
        for shard in order:
            block_rng = np.random.default_rng((seed, epoch, _ORDER_OF_BLOCK, int(shard)))
            for rows in row_groups(self.folder, self.names[shard], schemas.shards(self.window)):
                block = _to_block(rows, self.window)
                require_known(block, num_words, self.folder.file(self.names[shard]))
                yield _shuffled(block, block_rng)


def require_known(block: Block, num_words: int, path: str) -> None:
    """UserError unless every id is a word's: others would have compiled code write beside the tables."""
    lowest = min(block.target_B.min(), block.contexts_BW.min() - NO_WORD)
    highest = max(block.target_B.max(), block.contexts_BW.max())
    if lowest < 0 or highest >= num_words:
        raise UserError(
            f"{path} holds word ids that are not of this vocabulary of {num_words:,}; write the shards again"
        )
    if (block.contexts_BW == NO_WORD).all(axis=1).any():
        raise UserError(f"{path} holds a row without a context; write the shards again")


def _to_block(rows: pa.Table, window: int) -> Block:
    contexts = rows["contexts"].combine_chunks().flatten().to_numpy()
    return Block(rows["target"].to_numpy(), contexts.reshape(-1, 2 * window))


def _shuffled(block: Block, rng: np.random.Generator) -> Block:
    order = rng.permutation(len(block))
    return Block(block.target_B[order], block.contexts_BW[order])
