"""Which rows a worker trains next: a pure function of the shards, the seed, the epoch and the worker.

The unit of reading is a row group. An epoch shuffles all row groups of all shards and gathers as many of
them into a block as the buffer holds; the stretches of a block are shuffled together. Blocks go round the
workers. Two integers, rank and world_size, stand for a worker.

A stretch is a few rows that follow each other in the text. They share most of their words, so that a worker
finds in its cache what it would otherwise wait for, and stay together from the writing of a shard on; a batch
holds dozens of stretches from anywhere. `docs/decisions/0006-stretches.md` has the measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

ROWS_PER_STRETCH = 16
_PIECES_PER_WORKER = 8  # or the last block of an epoch keeps one worker busy while the others wait
_ORDER_OF_UNITS = 0  # what an epoch's generator is for


@dataclass(frozen=True)
class Unit:
    """A row group or a piece of it: its shard's place in the manifest, its own in the shard, and its rows."""

    shard: int
    row_group: int
    begin: int
    """the first row to train on, counted from the row group's first; those held out are before it"""
    end: int

    @property
    def num_rows(self) -> int:
        """Rows to train on."""
        return self.end - self.begin


@dataclass(frozen=True)
class BlockPlan:
    """Row groups whose stretches are shuffled together. `number` counts the epoch's blocks over all workers."""

    epoch: int
    number: int
    units: tuple[Unit, ...]

    @property
    def num_rows(self) -> int:
        """Rows to train on."""
        return sum(unit.num_rows for unit in self.units)


def units_of(rows_by_shard: Sequence[int], row_group_rows: int, num_held_out: int) -> list[Unit]:
    """The row groups, of `row_group_rows` rows but for a shard's last, of shards of so many rows.

    The first `num_held_out` rows of the first are left out.
    """
    units: list[Unit] = []
    for shard, num_rows in enumerate(rows_by_shard):
        for row_group, first in enumerate(range(0, num_rows, row_group_rows)):
            begin = num_held_out if not units else 0
            units.append(Unit(shard, row_group, begin, min(row_group_rows, num_rows - first)))
    return units


def split(units: Sequence[Unit], at_least: int) -> list[Unit]:
    """The units, each cut between stretches into as many pieces as it takes to have `at_least`, or as can be."""
    pieces = -(-at_least // len(units))
    return [
        replace(unit, begin=begin, end=end)
        for unit in units
        for begin, end in pairwise(_cuts(unit, pieces))
        if begin < end
    ]


def _cuts(unit: Unit, pieces: int) -> list[int]:
    lengths = np.linspace(0, unit.num_rows, pieces + 1)[1:-1].astype(int)
    return [unit.begin, *(unit.begin + lengths - lengths % ROWS_PER_STRETCH).tolist(), unit.end]


def epoch_plan(
    units: Sequence[Unit], units_per_block: int, seed: int, epoch: int, rank: int = 0, world_size: int = 1
) -> list[BlockPlan]:
    """The blocks that worker `rank` of `world_size` trains in `epoch`, in order."""
    units = split(units, _PIECES_PER_WORKER * world_size) if world_size > 1 else units
    order = np.random.default_rng((seed, epoch, _ORDER_OF_UNITS)).permutation(len(units))
    # A few large blocks would go round unevenly.
    per_block = max(1, min(units_per_block, len(units) // (2 * world_size)))
    blocks = [
        BlockPlan(epoch, number, tuple(units[place] for place in order[begin : begin + per_block]))
        for number, begin in enumerate(range(0, len(units), per_block))
    ]
    return blocks[rank::world_size]
