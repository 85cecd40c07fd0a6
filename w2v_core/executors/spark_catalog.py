"""A table of Spark's catalog, open for reading."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from w2v_core.errors import InputError
from w2v_core.executors.base import Batches
from w2v_core.executors.catalog import PREFIX
from w2v_core.runs.task_output import TaskResult

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RunFrame = Callable[[str, "DataFrame", Callable[[Batches, int], Iterator[TaskResult]]], list[TaskResult]]


@dataclass(frozen=True)
class SparkTable:
    """A table as `base.CatalogTable`. `run_frame(job, frame, task)` runs a task for each part of a DataFrame."""

    frame: "DataFrame"
    schema: pa.Schema
    run_frame: RunFrame

    @classmethod
    def open(cls, spark: "SparkSession", name: str, run_frame: RunFrame) -> "SparkTable":
        """Open the table. Raises InputError where the catalog does not have it."""
        from pyspark.errors import AnalysisException, ParseException

        try:
            frame = spark.read.table(_quoted(name))
            return cls(frame, frame.limit(0).toArrow().schema, run_frame)
        except (AnalysisException, ParseException) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"input {PREFIX}{name} cannot be opened ({reason}); check the name, and the catalog's settings in "
                "spark.conf"
            ) from None

    @property
    def files(self) -> list[str]:
        """The files of the table, sorted; empty where Spark names none."""
        return sorted(self.frame.inputFiles())

    def run(
        self, job: str, columns: Sequence[str], task: Callable[[Batches, int], Iterator[TaskResult]]
    ) -> list[TaskResult]:
        """Run `task(rows, part)` for each part of the table, with these columns."""
        return self.run_frame(
            job, self.frame.select(*(self.frame[f"`{column}`"] for column in columns)), task
        )


def _quoted(name: str) -> str:
    """Quote each part of the name, as Spark requires for other scripts than Latin; keep a name with backticks."""
    return name if "`" in name else ".".join(f"`{part}`" for part in name.split("."))
