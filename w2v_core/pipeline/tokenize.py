"""Raw text to sentences of tokens."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from w2v_core.config import Config, TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.executors import spark as _spark
from w2v_core.executors.catalog import Table, tables_among
from w2v_core.io.filesystem import Folder
from w2v_core.pipeline.stage import Made, make_stage
from w2v_core.readers.avro import import_fastavro
from w2v_core.readers.mediawiki import import_parser
from w2v_core.readers.splits import InputFile, find_files, plan_splits
from w2v_core.runs.run_directory import Draft, Manifest, RunDir
from w2v_core.runs.task_output import Receipt, adopt_parts, total_account
from w2v_core.runs.token_account import add_counters
from w2v_core.tokenization.task import tokenize_part, tokenize_rows
from w2v_core.tokenization.tokenizer_resources import NamedFiles
from w2v_core.tokenization.tokenizers import load_tokenizer, package_versions


def find_inputs(locations: Sequence[str], config: Config) -> tuple[list[InputFile], list[str]]:
    """The files and the tables that the locations name."""
    tables, others = tables_among(locations)
    return find_files(others, config.tokenize.format) if others or not tables else [], tables


def tokenize_corpus(
    run: RunDir, files: Sequence[InputFile], config: Config, tables: Sequence[str] = ()
) -> Manifest:
    """The tokens stage of `files` and `tables`."""
    given = NamedFiles.read(config.tokenize)
    identities = [file.identity() for file in files]
    opened = [Table.open(name, config) for name in tables]
    identities += [table.identity() for table in opened]
    named = given.identity()
    import_readers(files)
    if packages := load_packages(config, given):
        named["packages"] = packages
    inputs = {"files": identities, **named} if named else identities
    return make_stage(
        run,
        "tokens",
        config.tokenize,
        inputs,
        lambda draft: _build(draft, files, opened, given, config),
        lambda: _spark.session(config.spark, run.name),
    )


def import_readers(files: Sequence[InputFile]) -> None:
    """UserError where a package that reads the input is not installed, before Spark starts."""
    needed = {"avro": import_fastavro, "mediawiki": import_parser}
    for kind in {file.format for file in files} & needed.keys():
        needed[kind]()


def load_packages(config: Config, given: NamedFiles) -> dict[str, str]:
    """The versions of the packages that the tokenizer needs. UserError where it cannot be had, before Spark starts."""
    versions = package_versions(config.tokenize)
    if given.model:
        load_tokenizer(config.tokenize, given.model)
    return versions


def _build(
    draft: Draft,
    files: Sequence[InputFile],
    tables: Sequence[Table],
    given: NamedFiles,
    config: Config,
) -> Made:
    tasks = plan_splits(files, config.tokenize.split_bytes)
    folder, options = draft.temporary, config.tokenize
    spark = _spark.session(config.spark)
    receipts: list[Receipt] = []
    if tasks:
        receipts += _spark.run_parts(
            "tokens: reading text",
            spark,
            len(tasks),
            lambda part: tokenize_part(tasks[part], options, given, folder, part),
        )
    for table in tables:
        receipts += _tokenize_table(table, options, given, folder, len(receipts))
    account = total_account(receipts)
    counters = add_counters(receipt.counters for receipt in receipts)
    if account.kept == 0:
        lacking, told = "", ", ".join(table.name for table in tables)
        if files:
            told = f"files {len(files)}, first {files[0].path}"
        if counters.get("rows"):
            lacking = (
                f", of whose {counters['rows']:,} rows {counters['rows_without_text']:,} have nothing under "
                f"tokenize.column={options.column!r} and {counters['bad_rows']:,} are faulty"
            )
        if account.read:
            lacking += f", but {account.read:,} that the settings leave out: {account}"
        raise UserError(
            f"the input holds no token ({told}{lacking}); "
            "give files with text, or another tokenize.tokenizer or tokenize.column"
        )
    parts = adopt_parts(draft, receipts, len(receipts))
    return Made(parts, account, {"files": len(files), **counters})


def _tokenize_table(
    table: Table, options: TokenizeConfig, given: NamedFiles, folder: Folder, first_part: int
) -> list[Receipt]:
    """The receipts of the parts that Spark reads a table in, numbered from `first_part` on."""
    name = table.name

    def task(rows: Iterable[pa.RecordBatch], part: int) -> Iterator[Receipt]:
        yield tokenize_rows(rows, name, options, given, folder, first_part + part)

    return _spark.run_rows("tokens: reading a table", table.frame, task)
