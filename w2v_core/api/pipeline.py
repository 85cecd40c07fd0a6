"""The stages of a run directory as calls, the plan of a run, and its verification."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from w2v_core.api.callbacks import Callback, checked_callbacks
from w2v_core.api.locations import checked_locations
from w2v_core.api.scores import Evaluation, as_locations
from w2v_core.api.sentences import as_inputs, source_of
from w2v_core.api.training import Fit
from w2v_core.config import Config, config_with
from w2v_core.errors import InputError, RunError, UserError
from w2v_core.evaluation.analogies import AnalogiesResult, AnalogyScore
from w2v_core.evaluation.bootstrap import Interval
from w2v_core.evaluation.word_pairs import WordPairsResult
from w2v_core.executors.base import Executor
from w2v_core.io.events import bound_run
from w2v_core.io.filesystem import Location
from w2v_core.pipeline.evaluate import check_sets, evaluate_vectors, has_sets
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.pipeline.plan import predict_run
from w2v_core.pipeline.report import check_report, write_report
from w2v_core.pipeline.run import check_inputs, run_pipeline
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.verify import Verified
from w2v_core.pipeline.verify import verify as verified_stages
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.planning.predict import DEFAULT_SAMPLE_BYTES
from w2v_core.planning.prediction import Prediction
from w2v_core.runs.artifacts import REPORT_PAGE, STAGES
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors


class Pipeline:
    """The stages of one run directory. Each call runs a stage unless it is up to date, and returns its manifest.

    Parameters
    ----------
    run_dir : path or URI
        The run directory, made where nothing is there yet.
    settings : mapping or None
        Settings by the keys of `--set`, such as {"train.epochs": 3}.
    config : Config, path or None
        The configuration that `settings` change.
    executor : {"local", "spark"}, Executor or None
        What runs the tasks of a stage. None as the settings say.
    callbacks : sequence of Callback
        What is called while training runs.
    progress : bool or None
        Whether progress is shown. None to show it in a terminal and in a notebook.

    Raises
    ------
    ConfigError
        If a setting is not allowed.
    RunError
        If `run_dir` holds something else.

    Examples
    --------
    >>> pipeline = Pipeline(folder / "run", settings={"vocab.min_count": 1, "train.vector_size": 8})
    >>> pipeline.tokenize([["king", "queen"], ["queen", "king"]]).tokens.kept
    4
    >>> pipeline.vocab().counters["words"]
    2
    """

    def __init__(
        self,
        run_dir: Location,
        *,
        settings: Mapping[str, Any] | None = None,
        config: Config | Location | None = None,
        executor: Literal["local", "spark"] | Executor | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
    ) -> None:
        self.config = config_with(config, settings or {})
        self._executor = executor
        self._callbacks = checked_callbacks(callbacks)
        self._progress = progress
        self._run = RunDir.create(run_dir)

    @property
    def location(self) -> str:
        """Return where the run directory is."""
        return self._run.location

    @property
    def manifests(self) -> dict[str, Manifest]:
        """Return the manifests of the finished stages, by stage."""
        return {stage: manifest for stage in STAGES if (manifest := self._run.manifest(stage))}

    @property
    def vectors(self) -> WordVectors:
        """Return the trained vectors."""
        self._run.require("vectors")
        return WordVectors.read(self._run.stage("vectors"))

    def tokenize(self, inputs: Any) -> Manifest:
        """Run the tokens stage.

        Parameters
        ----------
        inputs : iterable, table or path
            Anything that `Word2Vec.fit` takes.
        """
        source = source_of(inputs, self.config)
        with (
            self._writing("tokenize") as run,
            as_inputs(source, run, self.config) as found,
            self._fitter().opened_executor(self.config) as tasks,
        ):
            return tokenize_corpus(run, found.files, self.config, tasks, found.tables)

    def phrases(self) -> Manifest | None:
        """Run the phrases stage; None without phrases."""
        with self._writing("phrases") as run, self._fitter().opened_executor(self.config) as tasks:
            return make_phrases(run, self.config, tasks)

    def vocab(self) -> Manifest:
        """Run the vocab stage."""
        with self._writing("vocab") as run, self._fitter().opened_executor(self.config) as tasks:
            return make_vocab(run, self.config, tasks)

    def shards(self) -> Manifest:
        """Run the shards stage."""
        with self._writing("shards") as run, self._fitter().opened_executor(self.config) as tasks:
            return make_shards(run, self.config, tasks)

    def train(self, *, fresh: bool = False) -> Manifest:
        """Run the vectors stage.

        Parameters
        ----------
        fresh : bool
            Start over instead of continuing from a checkpoint.
        """
        with self._writing("train") as run:
            fitter = self._fitter()
            return train_vectors(run, self.config, fresh, fitter.watch_training, fitter.epoch_watch)

    def evaluate(self, against: Location | None = None) -> Evaluation:
        """Run the reports stage: the scores on the sets of the settings, kept in the run directory.

        Parameters
        ----------
        against : path, URI or None
            Another run to compare with, as for `w2v evaluate --against`.

        Raises
        ------
        UserError
            If neither a set nor another run is named.
        """
        if not has_sets(self.config) and against is None:
            raise UserError(
                "evaluate.similarity and evaluate.analogies are empty: expected a set. Name one in the settings."
            )
        with self._writing("evaluate") as run:
            found = evaluate_vectors(run, self.config, None if against is None else os.fspath(against))
        return evaluation_of(found)

    def report(self) -> str:
        """Write the HTML report into the run directory, and return its location."""
        with self._writing("report") as run:
            write_report(run, self.config)
        return f"{self.location}/reports/{REPORT_PAGE}"

    def run(
        self, inputs: Any, *, against: Location | None = None, fresh: bool = False
    ) -> dict[str, Manifest]:
        """Run every stage and write the report, as `w2v run`.

        Parameters
        ----------
        inputs : iterable, table or path
            Anything that `Word2Vec.fit` takes.
        against : path, URI or None
            As for `evaluate`.
        fresh : bool
            As for `train`.

        Returns
        -------
        dict
            The manifest of each stage.
        """
        check_sets(self.config)
        check_report(self.config)
        source, fitter = source_of(inputs, self.config), self._fitter()
        with (
            self._writing("run") as run,
            as_inputs(source, run, self.config) as found,
            fitter.opened_executor(self.config) as tasks,
        ):
            check_inputs(self.config, found.files, found.tables)
            run_pipeline(
                run,
                found.files,
                self.config,
                tasks,
                found.tables,
                against=None if against is None else os.fspath(against),
                fresh=fresh,
                watch_training=fitter.watch_training,
                epoch_watch=fitter.epoch_watch,
            )
        return self.manifests

    @contextmanager
    def _writing(self, purpose: str) -> Iterator[RunDir]:
        with writing(self._run, f"Pipeline.{purpose}") as run, bound_run(run.location):
            yield run

    def _fitter(self) -> Fit:
        """Return how the stages of one call run; each call has a display of its own."""
        return Fit(self._executor, self._callbacks, self._progress)


def evaluation_of(report: Mapping[str, Any]) -> Evaluation:
    """Return the typed form of `evaluation.json`."""
    return Evaluation(
        {
            item["file"]: WordPairsResult(
                item["spearman"], item["pairs"], item["covered"], _interval(item["interval"])
            )
            for item in report["similarity"]
        },
        {
            item["file"]: AnalogiesResult(
                tuple((section["name"], _analogy_score(section)) for section in item["sections"]),
                _analogy_score(item),
            )
            for item in report["analogies"]
        },
    )


def _analogy_score(item: Mapping[str, Any]) -> AnalogyScore:
    return AnalogyScore(item["correct"], item["covered"], item["total"], _interval(item["interval"]))


def _interval(numbers: Sequence[float] | None) -> Interval | None:
    return None if numbers is None else Interval(*numbers)


def plan(
    inputs: Location | Sequence[Location],
    *,
    settings: Mapping[str, Any] | None = None,
    config: Config | Location | None = None,
    sample_bytes: int = DEFAULT_SAMPLE_BYTES,
    seed: int = 1,
) -> Prediction:
    """Predict words, rows, bytes and seconds of a run from a sample of its input.

    Parameters
    ----------
    inputs : path, URI or sequence of these
        The files, folders and globs of the run.
    settings, config : mapping, Config or path
        The settings of the run, as for `Pipeline`.
    sample_bytes : int
        Size of the sample.
    seed : int
        Of the sample.

    Raises
    ------
    UserError
        If the input cannot be read.

    Examples
    --------
    >>> plan(text_file, settings={"train.vector_size": 8}).counts.tokens > 0
    True
    """
    locations = checked_locations(as_locations(inputs))
    if not locations:
        raise InputError("inputs is empty: expected one path or more. Name the files of the run.")
    return predict_run(locations, config_with(config, settings or {}), sample_bytes, seed)


def verify(run_dir: Location) -> list[Verified]:
    """Read every finished stage again, and return for each what differs from its manifest.

    Parameters
    ----------
    run_dir : path or URI
        The run directory, or a published version such as STORE/NAME@current.

    Raises
    ------
    RunError
        If no run is there, or no stage of it is finished.

    Examples
    --------
    >>> [stage.problems for stage in verify(model.location) if stage.problems]
    []
    """
    location = os.fspath(run_dir)
    found = list(verified_stages(RunDir.open(resolved(location))))
    if not found:
        raise RunError(f"{location} has no finished stage: expected one or more. Run a stage first.")
    return found
