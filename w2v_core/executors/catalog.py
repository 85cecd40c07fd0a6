"""Tables of Spark's catalog as input: `--input table:NAME`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.executors.base import Executor
from w2v_core.executors.spark import SparkExecutor
from w2v_core.readers.columns import check_columns, configured_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PREFIX = "table:"


def tables_among(locations: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of the tables that `locations` name, each once, and the other locations."""
    tables = dict.fromkeys(name.removeprefix(PREFIX) for name in locations if name.startswith(PREFIX))
    return list(tables), [name for name in locations if not name.startswith(PREFIX)]


@dataclass(frozen=True)
class Table:
    """The columns of a table that the settings name."""

    name: str
    """as people gave it, with the prefix"""
    frame: "DataFrame"

    @classmethod
    def open(cls, name: str, config: Config, executor: Executor) -> "Table":
        """UserError where the table or its columns are not there, or hold no text."""
        location = f"{PREFIX}{name}"
        if not isinstance(executor, SparkExecutor):
            raise UserError(f"input {location}: only Spark reads catalog tables; add --executor spark")
        spark = executor.session()
        from pyspark.errors import AnalysisException, ParseException

        try:
            frame = spark.read.table(_quoted(name))
            schema = frame.limit(0).toArrow().schema
        except (AnalysisException, ParseException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"{location} cannot be opened ({reason}); check the name, and the catalog's settings in spark.conf"
            ) from None
        check_columns(schema, config.tokenize, location)
        return cls(
            location, frame.select(*(frame[f"`{column}`"] for column in configured_columns(config.tokenize)))
        )

    def identity(self) -> dict[str, Any]:
        """What tells the table from a changed one: its files. Where Spark names none, it is read again each time."""
        files = sorted(self.frame.inputFiles())
        return {"table": self.name, "files": files} if files else {"table": self.name, "read": uuid4().hex}


def _quoted(name: str) -> str:
    """As Spark wants names of other scripts than Latin; one with backticks is quoted already."""
    return name if "`" in name else ".".join(f"`{part}`" for part in name.split("."))
