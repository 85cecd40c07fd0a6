"""A vocabulary that another one extends: words with ids, which they keep, and the counts of all others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access
from w2v_core.io.parquet import row_groups
from w2v_core.runs.manifest import FileEntry, read_manifest
from w2v_core.schemas import RARE
from w2v_core.types import Int64Array
from w2v_core.vocabulary.vocabulary import MOST_TOKENS, RARE_FILES, digest_of, read_earlier
from w2v_core.vocabulary.word_counts import COUNTS

_MILLION = 1_000_000


def decayed(counts_V: Int64Array, decay: float) -> Int64Array:
    """floor(count * decay), (V,), in integers: `decay` counts as the millionths that it has, so 1 changes nothing."""
    millionths = round(decay * _MILLION)
    millions_V, rest_V = np.divmod(counts_V, _MILLION)
    decayed_V: Int64Array = millions_V * millionths + rest_V * millionths // _MILLION
    return decayed_V


@dataclass(frozen=True)
class BaseVocabulary:
    """What a finished vocabulary hands on."""

    folder: Folder
    table: pa.Table
    """VOCAB"""
    rare: tuple[FileEntry, ...]
    """the files of RARE; none where the counts of words without an id were not kept"""
    times_lost: int
    """how often they were not, along the way to this vocabulary"""

    @classmethod
    def read(cls, location: str, rare_lost: bool) -> "BaseVocabulary":
        """The vocabulary that `vocab.extend` names. UserError where there is none, or where a file of it is not whole.

        Without counts of the words that have no id it is taken only where these may be lost.
        """
        key = f"vocab.extend = {location}"
        folder, table = read_earlier(location, "vocab.extend")
        with access(key):
            manifest = read_manifest(folder, str(folder), location, "make that vocabulary again")
            sizes = folder.sizes()
        if manifest is None or manifest.stage != "vocab":
            raise UserError(
                f"{key} is not a finished vocabulary. Name a finished run, its vocab folder, or a version of a model."
            )
        rare = tuple(entry for entry in manifest.files if entry.name.startswith(RARE_FILES))
        for entry in rare:
            if sizes.get(entry.name) != entry.bytes:
                raise UserError(
                    f"{folder.file(entry.name)} is missing or incomplete. Run the stage of that vocabulary again."
                )
        if not rare and not rare_lost:
            raise UserError(
                f"{key} has no counts of words without an id. Build it again with vocab.accumulate=true, or set "
                "vocab.rare_lost=true to count those words from this corpus on."
            )
        if not np.array_equal(table["id"].to_numpy(), np.arange(len(table))):
            raise UserError(
                f"{key} is not a valid vocabulary: its ids are not 0, 1, 2, …. Name another vocabulary."
            )
        return cls(folder, table, rare, manifest.counters.get("rare_lost", 0) + (not rare))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def num_rare(self) -> int:
        """Words without an id."""
        return sum(entry.rows or 0 for entry in self.rare)

    def identity(self) -> dict[str, Any]:
        """What tells this from another vocabulary: its words, ids and counts, also of the words without an id."""
        files = [[entry.rows, entry.bytes, entry.crc32] for entry in self.rare]
        return {"words": digest_of(self.table), "rare": files, "times_lost": self.times_lost}

    def counts(self, decay: float) -> pa.Table:
        """COUNTS of the words that have an id, of which nothing was seen in this corpus. None falls below 1.

        Noise and subsampling need a count of every word that has a vector.
        """
        counts = np.maximum(1, decayed(self.table["count"].to_numpy(), decay))
        ids = self.table["id"].to_numpy().astype(np.int64)
        return _brought(self.table["token"], counts, ids + 1)


def rare_counts(folder: Folder, name: str, decay: float) -> Iterator[pa.Table]:
    """COUNTS of a file of RARE, row group by row group, without the words that decay to nothing."""
    for rows in row_groups(folder, name, RARE):
        counts = rows["count"].to_numpy()
        if len(counts) and not 0 < counts.min() <= counts.max() <= MOST_TOKENS:
            raise UserError(
                f"{folder.file(name)} holds invalid counts. Run the stage of that vocabulary again."
            )
        counts = decayed(counts, decay)
        brought = _brought(rows["token"], counts, np.zeros_like(counts))
        yield brought.filter(pc.greater(brought["count"], 0))


def _brought(tokens: pa.ChunkedArray, counts: Int64Array, known: Int64Array) -> pa.Table:
    return pa.table([tokens, counts, np.zeros_like(counts), known], schema=COUNTS)
