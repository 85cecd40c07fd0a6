"""Is there room for the tables?"""

import re
from pathlib import Path

from w2v_core.errors import UserError

_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Memory that this process may still take, in bytes; None where the system does not say."""
    known = [amount for amount in (_of_machine(), _of_container()) if amount is not None]
    return min(known, default=None)


def _of_machine() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found.group(1)) * 1024 if found else None


def _of_container() -> int | None:
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        return None if limit == "max" else int(limit) - int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return None


def require_memory(num_words: int, vector_size: int) -> None:
    """UserError where two float32 tables of that shape do not fit into the memory that is free."""
    needed, free = 2 * 4 * num_words * vector_size, available_bytes()
    if free is not None and needed > free:
        raise UserError(
            f"{num_words:,} words of {vector_size} dimensions need {needed:,} bytes for their two tables and {free:,} "
            "are free; lower train.vector_size, or leave words out with vocab.min_count or vocab.max_final_vocab"
        )
