"""Tables of a catalog as input: `--input table:NAME`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from w2v_core.config import Config
from w2v_core.executors.base import Batches, CatalogTable, Executor
from w2v_core.readers.columns import check_columns, configured_columns
from w2v_core.runs.task_output import TaskResult

PREFIX = "table:"


def tables_among(locations: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of the tables that `locations` name, each once, and the other locations."""
    tables = dict.fromkeys(name.removeprefix(PREFIX) for name in locations if name.startswith(PREFIX))
    return list(tables), [name for name in locations if not name.startswith(PREFIX)]


@dataclass(frozen=True)
class Table:
    """A table, and those of its columns that the settings name."""

    location: str
    """with the prefix, as given to --input"""
    table: CatalogTable
    columns: tuple[str, ...]

    @classmethod
    def open(cls, name: str, config: Config, executor: Executor) -> "Table":
        """Open the table. Raises InputError where it or its columns do not exist, or the columns hold no text."""
        location, table = f"{PREFIX}{name}", executor.read_table(name)
        check_columns(table.schema, config.tokenize, location)
        return cls(location, table, tuple(configured_columns(config.tokenize)))

    def identity(self) -> dict[str, Any]:
        """Return the table's files, which change with its content; without files, a value that is never equal."""
        files = self.table.files
        return (
            {"table": self.location, "files": files}
            if files
            else {"table": self.location, "read": uuid4().hex}
        )

    def run(self, job: str, task: Callable[[Batches, int], Iterator[TaskResult]]) -> list[TaskResult]:
        """Run `task(rows, part)` for each part of the table."""
        return self.table.run(job, self.columns, task)
