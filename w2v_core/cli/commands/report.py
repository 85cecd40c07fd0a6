"""The command `w2v report`: one HTML page about a finished run."""

from w2v_core.cli.options import ConfigOption, RunDirOption, SetOption
from w2v_core.config import load_config
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.report import write_report
from w2v_core.runs.run_directory import RunDir


def report(run_dir: RunDirOption, config: ConfigOption = None, set_: SetOption = None) -> None:
    """Write reports/report.html: accounts, curves, scores, and a map of the words, in one file for a browser."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v report") as run:
        write_report(run, settings)
