"""Raw text to sentences of tokens."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from jobs import _spark
from jobs._no_token import no_token
from jobs._one_writer import writing
from jobs._options import (
    ConfigOption,
    InputListOption,
    InputOption,
    MoreInputs,
    RunDirOption,
    SetOption,
    StrictOption,
    run_script,
)
from jobs._stage import Made, make_stage
from jobs._tables import Table, tables_among
from jobs._word_lists import warn_of_impossible
from w2v_core.accounting import add_counters
from w2v_core.config import Config, TokenizeConfig, load_config
from w2v_core.parts import Receipt, adopt_parts, total_account
from w2v_core.run_dir import Draft, Manifest, RunDir
from w2v_core.storage import Folder
from w2v_core.text.avro import import_fastavro
from w2v_core.text.inputs import InputFile, detect_formats, find_files, plan_splits, read_list
from w2v_core.text.mediawiki import import_parser
from w2v_core.text.named_files import NamedFiles
from w2v_core.text.tokenize_part import tokenize_part, tokenize_rows
from w2v_core.text.tokenizers import load_tokenizer, package_versions


def tokenize(
    run_dir: RunDirOption,
    input: InputOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    input_list: InputListOption = None,
    strict: StrictOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Cut text files into sentences of tokens, on Spark."""
    settings = settings_with_strict(config, set_, strict)
    files, tables = find_inputs(named_inputs(input, more_inputs, input_list), settings)
    with writing(RunDir.create(run_dir), "w2v tokenize") as run:
        tokenize_corpus(run, files, settings, tables)


def named_inputs(first: list[str] | None, more: list[str] | None, input_list: str | None = None) -> list[str]:
    """The locations that the command line names, in each of its ways."""
    return [*(first or []), *(more or []), *(read_list(input_list) if input_list else [])]


def find_inputs(locations: Sequence[str], config: Config) -> tuple[list[InputFile], list[str]]:
    """The files and the tables that the locations name."""
    tables, others = tables_among(locations)
    return find_files(
        others, config.tokenize.format, config.tokenize.column
    ) if others or not tables else [], tables


def settings_with_strict(config: str | None, set_: list[str] | None, strict: bool) -> Config:
    """The configuration, with `--strict` as the setting it stands for."""
    return load_config(config, [*(set_ or []), *(["tokenize.strict=true"] if strict else [])])


def tokenize_corpus(
    run: RunDir, files: Sequence[InputFile], config: Config, tables: Sequence[str] = ()
) -> Manifest:
    """The tokens stage of `files` and `tables`."""
    given = NamedFiles.read(config.tokenize)
    identities = [file.identity() for file in files]
    opened = [Table.open(name, config) for name in tables]
    identities += [table.identity() for table in opened]
    named = given.identity()
    if packages := load_packages(config, given):
        named["packages"] = packages
    inputs = {"files": identities, **named} if named else identities

    def prepare() -> None:
        import_readers(files)
        _spark.session(config.spark, run.name)

    manifest = make_stage(
        run,
        "tokens",
        config.tokenize,
        inputs,
        lambda draft: _build(draft, files, opened, given, config),
        prepare,
    )
    if not manifest.counters.get("token_lists"):
        warn_of_impossible(
            f"tokenize.stop_words = {config.tokenize.stop_words}", given.stop_words, config.tokenize
        )
    return manifest


def import_readers(files: Sequence[InputFile]) -> None:
    """UserError for formats that are not read, and where a package that reads one is not installed."""
    detect_formats(files)
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
        source = ", ".join(table.name for table in tables)
        if files:
            source = f"files {len(files)}, first {files[0].path}"
        raise no_token(source, counters, account, options)
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


if __name__ == "__main__":
    run_script(tokenize)
