"""The command `w2v train`: vectors, on one machine and without Spark."""

from typing import Annotated

import typer

from w2v_core.cli.options import ConfigOption, RunDirOption, SetOption
from w2v_core.cli.training import watch_training
from w2v_core.config import load_config
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.train import train_vectors
from w2v_core.runs.run_directory import RunDir

FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Start over instead of continuing from a checkpoint.")
]


def train(
    run_dir: RunDirOption,
    fresh: FreshOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Train word vectors on the shards; continues from a checkpoint if there is one."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v train") as run:
        train_vectors(run, settings, fresh, watch_training)
