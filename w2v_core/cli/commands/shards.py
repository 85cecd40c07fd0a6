"""The command `w2v shards`: shuffled (target, contexts) rows."""

from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.options import ConfigOption, RunDirOption, SetOption
from w2v_core.config import load_config
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.shards import make_shards
from w2v_core.runs.run_directory import RunDir


def shards(
    run_dir: RunDirOption,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Subsample, window and shuffle the sentences into training rows."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v shards") as run, opened_executor(settings, executor) as tasks:
        make_shards(run, settings, tasks)
