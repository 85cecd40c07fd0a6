"""The command `w2v tokenize`: sentences of tokens."""

from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.options import (
    ConfigOption,
    InputListOption,
    InputOption,
    MoreInputs,
    RunDirOption,
    SetOption,
    StrictOption,
)
from w2v_core.config import Config, load_config
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.tokenize import find_inputs, tokenize_corpus
from w2v_core.readers.splits import read_list
from w2v_core.runs.run_directory import RunDir


def tokenize(
    run_dir: RunDirOption,
    input: InputOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    input_list: InputListOption = None,
    strict: StrictOption = False,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Cut text files into sentences of tokens."""
    settings = settings_with_strict(config, set_, strict)
    files, tables = find_inputs(all_inputs(input, more_inputs, input_list), settings)
    with writing(RunDir.create(run_dir), "w2v tokenize") as run, opened_executor(settings, executor) as tasks:
        tokenize_corpus(run, files, settings, tasks, tables)


def all_inputs(first: list[str] | None, more: list[str] | None, input_list: str | None = None) -> list[str]:
    """Return the locations that arguments, --input and --input-list name."""
    return [*(first or []), *(more or []), *(read_list(input_list) if input_list else [])]


def settings_with_strict(config: str | None, set_: list[str] | None, strict: bool) -> Config:
    """Return the configuration with `--strict` applied."""
    return load_config(config, [*(set_ or []), *(["tokenize.strict=true"] if strict else [])])
