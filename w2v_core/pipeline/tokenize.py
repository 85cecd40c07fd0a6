"""The tokens stage: sentences of tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from w2v_core.config import Config, TokenizeConfig
from w2v_core.executors.base import Batches, Executor
from w2v_core.executors.catalog import Table, tables_among
from w2v_core.io.filesystem import Folder
from w2v_core.pipeline.no_token import no_token
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.pipeline.unsegmented import warn_of_unsegmented
from w2v_core.pipeline.word_lists import warn_of_impossible
from w2v_core.readers.avro import import_fastavro
from w2v_core.readers.mediawiki import import_parser
from w2v_core.readers.splits import InputFile, Split, detect_formats, find_files, plan_splits
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import TaskResult, commit_parts, total_account
from w2v_core.runs.token_account import add_counters
from w2v_core.tokenization.task import tokenize_part, tokenize_rows
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.tokenization.tokenizers import load_tokenizer, package_versions

READING_TEXT = "tokens: reading text"


def find_inputs(locations: Sequence[str], config: Config) -> tuple[list[InputFile], list[str]]:
    """Return the files and the tables that the locations name."""
    tables, others = tables_among(locations)
    return find_files(
        others, config.tokenize.format, config.tokenize.column
    ) if others or not tables else [], tables


def tokenize_corpus(
    run: RunDir,
    files: Sequence[InputFile],
    config: Config,
    executor: Executor,
    tables: Sequence[str | Table] = (),
) -> Manifest:
    """Write the tokens stage of `files` and of `tables`, which are names in Spark's catalog or open tables."""
    given = TokenizerResources.read(config.tokenize)
    identities = [file.identity() for file in files]
    opened = [table if isinstance(table, Table) else Table.open(table, config, executor) for table in tables]
    identities += [table.identity() for table in opened]
    resources = given.identity()
    if packages := load_packages(config, given):
        resources["packages"] = packages
    inputs = {"files": identities, **resources} if resources else identities

    def prepare() -> None:
        import_readers(files)
        executor.start(run.name)

    manifest = make_stage(
        run,
        "tokens",
        config.tokenize,
        inputs,
        lambda stage_writer: _build(stage_writer, files, opened, given, config, executor),
        prepare,
    )
    if not manifest.counters.get("token_lists"):
        warn_of_impossible(
            f"tokenize.stop_words = {config.tokenize.stop_words}", given.stop_words, config.tokenize
        )
    return manifest


def import_readers(files: Sequence[InputFile]) -> None:
    """Raise UserError for unsupported formats, and if the package that reads a format is not installed."""
    detect_formats(files)
    needed = {"avro": import_fastavro, "mediawiki": import_parser}
    for kind in {file.format for file in files} & needed.keys():
        needed[kind]()


def load_packages(config: Config, given: TokenizerResources) -> dict[str, str]:
    """Return the versions of the packages of the tokenizer. Raises UserError before Spark starts if one is missing."""
    versions = package_versions(config.tokenize)
    if given.model:
        load_tokenizer(config.tokenize, given.model)
    return versions


def _build(
    stage_writer: StageWriter,
    files: Sequence[InputFile],
    tables: Sequence[Table],
    given: TokenizerResources,
    config: Config,
    executor: Executor,
) -> StageResult:
    source = ", ".join(table.location for table in tables)
    if files:
        source = f"files {len(files)}, first {files[0].path}"
    tasks = plan_splits(files, config.tokenize.split_bytes)
    result = build_tokens(stage_writer, tasks, source, given, config.tokenize, executor, tables)
    return replace(result, counters={"files": len(files), **result.counters})


def build_tokens(
    stage_writer: StageWriter,
    tasks: Sequence[Sequence[Split]],
    source: str,
    given: TokenizerResources,
    options: TokenizeConfig,
    executor: Executor,
    tables: Sequence[Table] = (),
) -> StageResult:
    """Write the files of the stage: a part for each of `tasks`, then the tables. `source` names all for an error."""
    folder = stage_writer.temporary
    task_results: list[TaskResult] = []
    if tasks:
        task = partial(_tokenize_part, tuple(map(tuple, tasks)), options, given, folder)
        task_results += executor.run_parts(READING_TEXT, len(tasks), task)
    for table in tables:
        task_of_rows = partial(_tokenize_rows, table.location, options, given, folder, len(task_results))
        task_results += table.run("tokens: reading a table", task_of_rows)
    account = total_account(task_results)
    counters = add_counters(task_result.counters for task_result in task_results)
    if account.kept == 0:
        raise no_token(source, counters, account, options)
    warn_of_unsegmented(folder, task_results, options)
    parts = commit_parts(stage_writer, task_results, len(task_results))
    return StageResult(parts, account, counters)


def _tokenize_part(
    tasks: tuple[tuple[Split, ...], ...],
    options: TokenizeConfig,
    given: TokenizerResources,
    folder: Folder,
    part: int,
) -> TaskResult:
    return tokenize_part(tasks[part], options, given, folder, part)


def _tokenize_rows(
    table: str,
    options: TokenizeConfig,
    given: TokenizerResources,
    folder: Folder,
    first_part: int,
    rows: Batches,
    part: int,
) -> Iterator[TaskResult]:
    """Write one part of a table and return its result; the parts of files come first."""
    yield tokenize_rows(rows, table, options, given, folder, first_part + part)
