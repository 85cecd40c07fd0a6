"""The command `w2v phrases`: words that belong together become one token."""

from w2v_core.cli.executor import ExecutorOption, opened_executor
from w2v_core.cli.options import ConfigOption, RunDirOption, SetOption
from w2v_core.config import load_config
from w2v_core.errors import UserError
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.runs.run_directory import RunDir


def phrases(
    run_dir: RunDirOption,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Join words that belong together (new_york). Optional, before vocab."""
    settings = load_config(config, set_ or ())
    if settings.phrases.passes == 0:
        raise UserError("phrases.passes = 0 joins nothing; give, for example, --set phrases.passes=1")
    with writing(RunDir.open(run_dir), "w2v phrases") as run, opened_executor(settings, executor) as tasks:
        make_phrases(run, settings, tasks)
