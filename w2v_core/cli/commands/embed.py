"""The command `w2v embed`: a vector for each document."""

from typing import Annotated

import typer

from w2v_core.cli.commands.tokenize import settings_with_strict
from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.options import ConfigOption, FilesOption, MoreInputs, RunDirOption, SetOption, StrictOption
from w2v_core.errors import UserError
from w2v_core.executors.catalog import PREFIX, tables_among
from w2v_core.pipeline.embed import embed_documents
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

OutputOption = Annotated[
    str, typer.Option("--output", metavar="DIR", help="Where the documents' vectors go: a folder or a URI.")
]


def embed(
    run_dir: RunDirOption,
    output: OutputOption,
    input: FilesOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    strict: StrictOption = False,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Give every document a vector, the weighted mean of its words' vectors."""
    settings = settings_with_strict(config, set_, strict)
    tables, locations = tables_among([*(input or []), *(more_inputs or [])])
    if tables:
        raise UserError(
            f"input {PREFIX}{tables[0]}: embed reads files; write the table as Parquet, for example by "
            "spark.read.table(…).write.parquet(…)"
        )
    files = find_files(locations, settings.tokenize.format, settings.tokenize.column)
    with opened_executor(settings, executor) as tasks:
        embed_documents(RunDir.open(run_dir), files, output, settings, tasks)
