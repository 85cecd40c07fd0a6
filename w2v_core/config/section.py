"""The base class of all sections."""

import os
from typing import ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
)


class Section(BaseModel):
    """A section: it rejects unknown keys, and its values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    execution_only: ClassVar[frozenset[str]] = frozenset()
    """settings that change how a stage runs and not its output; they are not part of its fingerprint"""


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
