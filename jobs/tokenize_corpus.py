"""Raw text to sentences of tokens."""

from collections.abc import Sequence

from jobs import _spark
from jobs._options import (
    ConfigOption,
    InputOption,
    MoreInputs,
    RunDirOption,
    SetOption,
    StrictOption,
    run_script,
)
from jobs._stage import Made, make_stage
from w2v_core.accounting import add_counters
from w2v_core.config import Config, load_config
from w2v_core.errors import UserError
from w2v_core.parts import adopt_parts, total_account
from w2v_core.run_dir import Draft, Manifest, RunDir
from w2v_core.text.inputs import InputFile, find_files, plan_splits
from w2v_core.text.named_files import NamedFiles
from w2v_core.text.tokenize_part import tokenize_part
from w2v_core.text.tokenizers import load_tokenizer, package_versions


def tokenize(
    run_dir: RunDirOption,
    input: InputOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    strict: StrictOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Cut text files into sentences of tokens, on Spark."""
    settings = settings_with_strict(config, set_, strict)
    files = find_files([*(input or []), *(more_inputs or [])])
    tokenize_corpus(RunDir.create(run_dir), files, settings)


def settings_with_strict(config: str | None, set_: list[str] | None, strict: bool) -> Config:
    """The configuration, with `--strict` as the setting it stands for."""
    return load_config(config, [*(set_ or []), *(["tokenize.strict=true"] if strict else [])])


def tokenize_corpus(run: RunDir, files: Sequence[InputFile], config: Config) -> Manifest:
    """The tokens stage of `files`."""
    given = NamedFiles.read(config.tokenize)
    identities = [file.identity() for file in files]
    named = given.identity()
    if packages := load_packages(config, given):
        named["packages"] = packages
    inputs = {"files": identities, **named} if named else identities
    return make_stage(
        run,
        "tokens",
        config.tokenize,
        inputs,
        lambda draft: _build(draft, files, given, config),
        lambda: _spark.session(config.spark, run.name),
    )


def load_packages(config: Config, given: NamedFiles) -> dict[str, str]:
    """The versions of the packages that the tokenizer needs. UserError where it cannot be had, before Spark starts."""
    versions = package_versions(config.tokenize)
    if given.model:
        load_tokenizer(config.tokenize, given.model)
    return versions


def _build(draft: Draft, files: Sequence[InputFile], given: NamedFiles, config: Config) -> Made:
    tasks = plan_splits(files, config.tokenize.split_bytes)
    folder, options = draft.temporary, config.tokenize
    spark = _spark.session(config.spark)
    receipts = _spark.run_parts(
        "tokens: reading text",
        spark,
        len(tasks),
        lambda part: tokenize_part(tasks[part], options, given, folder, part),
    )
    account = total_account(receipts)
    counters = add_counters(receipt.counters for receipt in receipts)
    if account.kept == 0:
        lacking = ""
        if counters.get("rows"):
            lacking = (
                f", of whose {counters['rows']:,} rows {counters['rows_without_text']:,} have nothing under "
                f"tokenize.column={options.column!r} and {counters['bad_rows']:,} are faulty"
            )
        if account.read:
            lacking += f", but {account.read:,} that the settings leave out: {account}"
        raise UserError(
            f"the input holds no token ({len(files)} files, first {files[0].path}{lacking}); "
            "give files with text, or another tokenize.tokenizer or tokenize.column"
        )
    parts = adopt_parts(draft, receipts, len(tasks))
    return Made(parts, account, {"files": len(files), **counters})


if __name__ == "__main__":
    run_script(tokenize)
