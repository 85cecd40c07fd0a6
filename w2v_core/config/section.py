"""What all sections of the configuration have in common."""

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
