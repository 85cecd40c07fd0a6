"""The command `w2v vocab`: exact counts, ids and the noise distribution."""

from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.options import ConfigOption, RunDirOption, SetOption
from w2v_core.config import load_config
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.runs.run_directory import RunDir


def vocab(
    run_dir: RunDirOption,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Count the tokens, and assign ids to the frequent words."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v vocab") as run, opened_executor(settings, executor) as tasks:
        make_vocab(run, settings, tasks)
