"""Settings of training."""

from typing import Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from w2v_core.config.section import Section, usable_cores


class TrainConfig(Section):
    """Rows to vectors."""

    execution_only = frozenset({"cache_mb", "checkpoint_minutes", "engine"})

    engine: Literal["auto", "numpy", "compiled"] = Field(
        "auto",
        description="what computes. compiled: Numba, several times as fast, in threads; numpy: no Numba, in processes; "
        "auto: compiled where Numba is installed",
    )

    sg: Literal[0, 1] = Field(
        0,
        description="1: skip-gram, the word predicts each context; 0: CBOW, the mean of contexts predicts the word",
    )
    vector_size: int = Field(100, ge=1, le=8192, description="dimensions of a vector")
    epochs: int = Field(5, ge=1, le=1_000_000, description="passes over all rows")
    alpha: float | None = Field(
        None,
        ge=1e-9,
        le=1.0,
        description="learning rate at the first row. Absent: 0.025 for skip-gram and 0.05 for CBOW; with the "
        "compiled engine 0.04 and 0.06",
    )
    min_alpha: float = Field(
        0.0001,
        ge=0.0,
        le=1.0,
        description="learning rate after the last row; it falls in a straight line over rows. Absent, with the "
        "compiled engine and no alpha: a tenth of the first",
    )
    negative: int = Field(5, ge=1, le=100, description="noise words a prediction is told apart from")
    batch_size: int = Field(
        1024,
        ge=16,
        le=16384,
        description="rows whose steps the NumPy engine computes together, in spans of 16 that follow each other in "
        "the text",
    )
    seed: int = Field(
        1, ge=0, lt=2**63, description="initial vectors, row order, window widths and negatives"
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=256,
        description="processes, or threads of the compiled engine, that train at once. Absent: the cores there are. "
        "Only 1 is repeatable to the byte",
    )
    buffer_rows: int = Field(
        262_144, ge=1, le=2**27, description="rows that are shuffled together, a multiple of 65,536 or fewer"
    )
    cache_mb: int = Field(
        1024,
        ge=0,
        description="memory of all workers for rows that later epochs need not read again; a million take 9 MB",
    )
    heldout_rows: int = Field(
        10_000, ge=0, le=1_000_000, description="rows that are kept from training for the held-out loss"
    )
    init_vectors: str | None = Field(
        None,
        description="vectors that words known there start from: a finished run or its vectors folder, or a word2vec "
        "or Parquet file",
    )
    init_frozen: bool = Field(
        False, description="whether words that start from init_vectors keep those vectors as they are"
    )
    checkpoint_minutes: float = Field(
        10.0, gt=0.0, description="minutes between checkpoints; there is one after every epoch too"
    )

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.min_alpha > self.start_alpha:
            raise ValueError(
                f"train.min_alpha = {self.min_alpha}: expected at most train.alpha = {self.start_alpha}. "
                "Lower train.min_alpha."
            )
        if self.init_frozen and self.init_vectors is None:
            raise ValueError(
                "train.init_frozen = true requires train.init_vectors. Set it to the vectors to keep."
            )
        return self

    @property
    def start_alpha(self) -> float:
        """`alpha`, or word2vec.c's default for the model."""
        if self.alpha is not None:
            return self.alpha
        return 0.025 if self.sg else 0.05

    @property
    def num_workers(self) -> int:
        """`workers`, or the cores that this process may use."""
        return usable_cores() if self.workers is None else self.workers
