"""What all sections of the configuration have in common."""

import os
from typing import ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
)


class Section(BaseModel):
    """A section: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    execution_only: ClassVar[frozenset[str]] = frozenset()
    """settings that change how a stage is made and nothing of what it is; no part of its fingerprint"""


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
