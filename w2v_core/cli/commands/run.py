"""The command `w2v run`: every stage that is not up to date, in order."""

from w2v_core.cli.commands.evaluate import AnalogiesOption, SimilarityOption, with_sets
from w2v_core.cli.commands.tokenize import all_inputs, settings_with_strict
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
from w2v_core.cli.training import watch_training
from w2v_core.console.summary import print_summary, stage_status
from w2v_core.pipeline.evaluate import check_sets
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.report import check_report
from w2v_core.pipeline.run import check_inputs, run_pipeline, stages_of
from w2v_core.pipeline.tokenize import find_inputs
from w2v_core.runs.run_directory import RunDir


def run(
    run_dir: RunDirOption,
    input: InputOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    input_list: InputListOption = None,
    similarity: SimilarityOption = None,
    analogies: AnalogiesOption = None,
    strict: StrictOption = False,
    executor: ExecutorOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Run every stage: text in, vectors and a report out."""
    settings = with_sets(settings_with_strict(config, set_, strict), similarity, analogies)
    files, tables = find_inputs(all_inputs(input, more_inputs, input_list), settings)
    check_sets(settings)
    check_report(settings)
    check_inputs(settings, files, tables)
    with (
        writing(RunDir.create(run_dir), "w2v run") as directory,
        opened_executor(settings, executor) as tasks,
    ):
        before = stage_status(directory, stages_of(settings))
        run_pipeline(directory, files, settings, tasks, tables, watch_training=watch_training)
        print_summary(directory, before)
