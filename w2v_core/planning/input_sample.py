"""Which parts of the input are read for a plan: pieces spread over all files, chosen by a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from w2v_core.errors import UserError
from w2v_core.io.filesystem import access, open_folder
from w2v_core.readers.compression import open_compressed
from w2v_core.readers.detect_format import TABLES
from w2v_core.readers.splits import InputFile, Split, detect_formats, plan_splits

PIECE_BYTES = 256 * 1024
"""at most; of a small sample less, so that it comes from many places"""
_LEAST_PIECES = 64
_MOST_PACKED_FILES = 16


@dataclass(frozen=True)
class InputSample:
    """Splits in the order of the input, and how much of it they are."""

    splits: tuple[Split, ...]
    sampled_bytes: int
    total_bytes: int
    """as the files would be unpacked, as far as that can be told from the packed ones that were opened"""

    @property
    def scale(self) -> float:
        """How many times the sample the input is; exactly 1 where all of it is read."""
        return self.total_bytes / self.sampled_bytes


def choose(files: Sequence[InputFile], sample_bytes: int, seed: int, work: Path) -> InputSample:
    """About `sample_bytes` of the files. Of packed ones the beginnings are unpacked into `work`.

    Every kind of file gives its share: plain text in pieces, one in each of as many equal sections of
    the input; tables in whole splits; packed files, which can only be read from their beginnings, in those.
    """
    rng = np.random.default_rng(seed)
    detect_formats(files)
    packed = [file for file in files if _is_read_from_its_beginning(file)]
    rest = [file for file in files if not _is_read_from_its_beginning(file)]
    plain = [file for file in rest if file.format not in TABLES]
    tables = [file for file in rest if file.format in TABLES]
    if packed:
        heads, ratio = _heads(packed, sample_bytes, rng, work)
    else:
        heads, ratio = [], 1.0
    sizes = {
        "packed": int(sum(file.size for file in packed) * ratio),
        "tables": sum(file.size for file in tables),
        "plain": sum(file.size for file in plain),
    }
    total = sum(sizes.values())
    if total == 0:
        raise UserError(f"the input holds no token (files {len(files)}, first {files[0].path}); give others")
    fraction = min(1.0, sample_bytes / total)
    chosen = [
        *_shortened(heads, sizes["packed"] * fraction, ratio),
        *_sampled_splits(tables, sizes["tables"] * fraction, rng),
        *_spread(plain, int(sizes["plain"] * fraction), rng),
    ]
    sampled = sum(split.end - split.begin for split in chosen)
    return InputSample(tuple(chosen), max(sampled, 1), max(total, sampled, 1))


def _is_read_from_its_beginning(file: InputFile) -> bool:
    """Whether its beginning stands for it: a compressed file, and CSV, in which no other row can be found."""
    return file.compression is not None or file.format in ("csv", "tsv")


def _spread(files: Sequence[InputFile], wanted: int, rng: np.random.Generator) -> list[Split]:
    """Pieces of plain files, one at random in each of equal sections of all their bytes."""
    total = sum(file.size for file in files)
    if wanted >= total:
        return [split for task in plan_splits(files, PIECE_BYTES) for split in task]
    piece_bytes = max(1, min(PIECE_BYTES, wanted // _LEAST_PIECES))
    num_pieces = max(1, wanted // piece_bytes)
    span = total / num_pieces
    ends = np.cumsum([file.size for file in files])
    splits = []
    for number in range(num_pieces):
        room = max(span - piece_bytes, 0)
        position = int(number * span + rng.random() * room)
        which = int(np.searchsorted(ends, position, side="right"))
        file = files[which]
        begin = position - int(ends[which] - file.size)
        splits.append(Split(file, begin, min(begin + piece_bytes, file.size)))
    return splits


def _sampled_splits(files: Sequence[InputFile], wanted: float, rng: np.random.Generator) -> list[Split]:
    """Whole splits of tables, at random, until there are `wanted` bytes; one at least, where there is a file."""
    splits = [split for task in plan_splits(files, 8 << 20) for split in task]
    chosen, size = [], 0
    for position in rng.permutation(len(splits)):
        if size >= wanted:
            break
        chosen.append(splits[int(position)])
        size += splits[int(position)].end - splits[int(position)].begin
    return chosen


def _heads(
    files: Sequence[InputFile], wanted: int, rng: np.random.Generator, work: Path
) -> tuple[list[Split], float]:
    """Of some packed files the unpacked beginnings, and how many times larger unpacked files are."""
    chosen = [files[int(position)] for position in rng.permutation(len(files))[:_MOST_PACKED_FILES]]
    splits, unpacked, packed = [], 0, 0
    for number, file in enumerate(chosen):
        data, read = _head(file, max(wanted // len(chosen), PIECE_BYTES))
        unpacked, packed = unpacked + len(data), packed + read
        path = work / f"head-{number}"
        path.write_bytes(data)
        plain = replace(
            file,
            root=str(work),
            path=str(path),
            size=len(data),
            mtime_ns=0,
            known_kind=replace(file.kind, compression=None),
        )
        splits += [split for task in plan_splits([plain], PIECE_BYTES) for split in task]
    return splits, unpacked / max(packed, 1)


def _head(file: InputFile, wanted: int) -> tuple[bytes, int]:
    """About the first `wanted` unpacked bytes of whole lines or pages, and how many packed ones they were."""
    filesystem = open_folder(file.root).filesystem
    try:
        with access(file.path), filesystem.open_input_file(file.path) as raw:
            codec = file.compression
            stream = raw if codec is None else open_compressed(raw, codec, file.path)
            chunks, size = [], 0
            while size < wanted and (chunk := stream.read(1 << 20)):
                chunks.append(chunk)
                size += len(chunk)
            at_end, read = size < wanted, raw.tell()
    except OSError as error:
        raise UserError(f"{file.path} cannot be unpacked ({error}); is it damaged or cut short?") from None
    data = b"".join(chunks)
    end = b"</page>" if file.format == "mediawiki" else b"\n"
    cut = data.rfind(end)
    return (data if at_end or cut < 0 else data[: cut + len(end)]), file.size if at_end else read


def _shortened(heads: list[Split], wanted: float, ratio: float) -> list[Split]:
    """As many of the pieces, evenly, as make `wanted` bytes."""
    size = sum(split.end - split.begin for split in heads)
    if size <= wanted or ratio == 0:
        return heads
    number = max(1, int(len(heads) * wanted / size))
    return [heads[int(position)] for position in np.linspace(0, len(heads) - 1, number)]
