"""One fit: input of any kind, and the stages from tokens to vectors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from w2v_core.api.callbacks import Callback, epoch_watch_of, reporting_to
from w2v_core.api.display import Display, display_for
from w2v_core.api.sentences import as_inputs, source_of
from w2v_core.config import Config, config_with
from w2v_core.executors.base import Executor, Watch
from w2v_core.executors.choose import choose_executor
from w2v_core.executors.spark import SparkExecutor, has_session
from w2v_core.io.events import bound_run
from w2v_core.io.filesystem import Location
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.run import check_inputs, run_stages
from w2v_core.pipeline.train import EpochWatch, Report
from w2v_core.runs.run_directory import RunDir


class BorrowedSpark(SparkExecutor):
    """Spark on the session of the program, which goes on after the stages."""

    def stop(self) -> None:
        """Leave the session to the program."""


@dataclass(frozen=True)
class Fit:
    """How the stages of one call run: with which executor, callbacks and display."""

    executor: Executor | str | None = None
    callbacks: Sequence[Callback] = ()
    progress: bool | None = None

    def run(
        self,
        sentences: Any,
        location: Location,
        config: Config,
        column: str | None = None,
        fresh: bool = False,
    ) -> RunDir:
        """Run the stages from `sentences` to vectors in the run directory at `location`, and return it."""
        if column is not None:
            config = config_with(config, {"tokenize.column": column})
        source = source_of(sentences, config)
        with (
            writing(RunDir.create(location), "Word2Vec.fit") as run,
            bound_run(run.location),
            as_inputs(source, run, config) as inputs,
            self.opened_executor(config) as executor,
        ):
            check_inputs(config, inputs.files, inputs.tables)
            run_stages(
                run,
                inputs.files,
                config,
                executor,
                inputs.tables,
                fresh=fresh,
                watch_training=self.watch_training,
                epoch_watch=self.epoch_watch,
            )
        return run

    @contextmanager
    def opened_executor(self, config: Config) -> Iterator[Executor]:
        """Yield what runs tasks, and stop it in the end."""
        executor = self._executor(config, self._display.tasks)
        try:
            yield executor
        finally:
            executor.stop()

    def _executor(self, config: Config, watch: Watch) -> Executor:
        if self.executor is not None and not isinstance(self.executor, str):
            return self.executor
        if self.executor is not None:
            config = config_with(config, {"executor.name": self.executor})
        chosen = choose_executor(config, watch)
        if isinstance(chosen, SparkExecutor) and has_session():
            return BorrowedSpark(config.spark, watch)
        return chosen

    @cached_property
    def _display(self) -> Display:
        return display_for(self.progress)

    @property
    def epoch_watch(self) -> EpochWatch | None:
        """Return what is called after each epoch, if anything is."""
        return epoch_watch_of(self.callbacks)

    @contextmanager
    def watch_training(self) -> Iterator[tuple[Report, Callable[[], bool]]]:
        """Show progress and call the callbacks while training runs."""
        with self._display.training() as show, reporting_to(self.callbacks, show) as report:
            yield report, lambda: False
