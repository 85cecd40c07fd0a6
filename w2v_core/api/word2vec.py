"""Word2vec as an object: parameters, `fit`, and the trained vectors."""

import inspect
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa

from w2v_core.api.callbacks import Callback, checked_callbacks
from w2v_core.api.run_folders import TemporaryFolder, copy_run, replace_run, require_local
from w2v_core.api.settings import SHARDS, TRAIN, VOCAB, configuration, recorded_parameters
from w2v_core.api.training import Fit
from w2v_core.config import Config, config_with
from w2v_core.errors import ConfigError, NotFittedError
from w2v_core.executors.base import Executor
from w2v_core.io.events import log_event
from w2v_core.io.filesystem import Location, open_folder
from w2v_core.pipeline.report import build_report, check_report
from w2v_core.runs.artifacts import METRICS
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.run_directory import RunDir
from w2v_core.training.trainer import Progress
from w2v_core.vectors.word_vectors import WordVectors


class Word2Vec:
    """Skip-gram and CBOW with negative sampling.

    Parameters have gensim's names; their defaults are those of the configuration. A model without `run_dir` lives in a
    temporary folder, which is removed with it.

    Parameters
    ----------
    vector_size : int
        Dimensions of a vector.
    window : int
        Words on each side that count as context.
    min_count : int
        Words seen less often are left out.
    max_final_vocab : int or None
        The most words: `min_count` is raised until no more are left. None for no limit.
    sg : {0, 1}
        1 for skip-gram, 0 for CBOW.
    negative : int
        Noise words for each prediction.
    ns_exponent : float
        Noise words are drawn by count ** ns_exponent.
    alpha : float or None
        Learning rate at the first row. None for 0.05 with CBOW, and with skip-gram 0.025, or 0.04 with the
        compiled engine.
    min_alpha : float
        Learning rate after the last row.
    sample : float
        Words above about 2.6 times this share of the text are subsampled; 0 for no subsampling.
    epochs : int
        Passes over all rows.
    seed : int
        Of all random choices.
    workers : int or None
        Processes of the stages, and threads or processes of training. None for the cores of this machine. With 1 the
        same input gives the same bytes.
    engine : {"auto", "numpy", "compiled"}
        What computes. compiled needs Numba; auto takes it where it is installed.
    executor : {"local", "spark"}, Executor or None
        What runs the stages before training. None as `executor.name` and `spark.master` say, which is local by default.
    run_dir : path, URI or None
        Where the run is kept: a run directory like that of `w2v run`. An interrupted fit goes on from there.
    settings : mapping or None
        Any further settings, by the keys of `--set`, such as {"tokenize.lower": False}.
    config : Config, path or None
        A configuration that the other parameters change. A parameter at its default does not change it.
    callbacks : sequence of Callback
        What is called while training runs.
    progress : bool or None
        Whether progress is shown. None to show it in a terminal and in a notebook.

    Raises
    ------
    ConfigError
        If a parameter or a setting is not allowed.

    Examples
    --------
    >>> sentences = [["the", "cat", "sees", "a", "dog"], ["a", "dog", "sees", "the", "cat"]] * 20
    >>> model = Word2Vec(vector_size=8, min_count=1, sample=0, workers=1).fit(sentences)
    >>> len(model.wv)
    5
    """

    def __init__(
        self,
        *,
        vector_size: int = TRAIN.vector_size,
        window: int = SHARDS.window,
        min_count: int = VOCAB.min_count,
        max_final_vocab: int | None = VOCAB.max_final_vocab,
        sg: Literal[0, 1] = TRAIN.sg,
        negative: int = TRAIN.negative,
        ns_exponent: float = VOCAB.ns_exponent,
        alpha: float | None = TRAIN.alpha,
        min_alpha: float = TRAIN.min_alpha,
        sample: float = VOCAB.sample,
        epochs: int = TRAIN.epochs,
        seed: int = TRAIN.seed,
        workers: int | None = TRAIN.workers,
        engine: Literal["auto", "numpy", "compiled"] = TRAIN.engine,
        executor: Literal["local", "spark"] | Executor | None = None,
        run_dir: Location | None = None,
        settings: Mapping[str, Any] | None = None,
        config: Config | Location | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
    ) -> None:
        self.vector_size = vector_size
        self.window = window
        self.min_count = min_count
        self.max_final_vocab = max_final_vocab
        self.sg = sg
        self.negative = negative
        self.ns_exponent = ns_exponent
        self.alpha = alpha
        self.min_alpha = min_alpha
        self.sample = sample
        self.epochs = epochs
        self.seed = seed
        self.workers = workers
        self.engine = engine
        self.executor = executor
        self.run_dir = run_dir
        self.settings = settings
        self.config = config
        self.callbacks = callbacks
        self.progress = progress
        self._run: RunDir | None = None
        self._temporary: TemporaryFolder | None = None
        self._vectors: WordVectors | None = None
        self._check()

    def __repr__(self) -> str:
        defaults = _defaults()
        changed = {name: value for name, value in self.get_params().items() if value != defaults[name]}
        return f"Word2Vec({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def fit(self, sentences: Any, *, column: str | None = None, fresh: bool = False) -> Self:
        """Train on a corpus from the beginning.

        Parameters
        ----------
        sentences : iterable, table or path
            One of: lists of tokens in any iterable, which is read once; a path, glob or URI, or a list of these,
            read like `w2v run --input`; a PyArrow table, dataset or reader; a pandas or polars frame; a Hugging Face
            Dataset; a Spark DataFrame, which Spark writes.
        column : str or None
            The column of tables and of structured files with text, or with lists of tokens or ids. None for that of
            the settings, "text". Text is tokenized by the settings; lists stay as they are.
        fresh : bool
            Start training over instead of continuing from a checkpoint in `run_dir`.

        Returns
        -------
        Word2Vec
            The model itself.

        Raises
        ------
        InputError
            If the input is of another kind, is empty, has no such column, or holds something other than text.
        UserError
            If a stage cannot run with these settings.

        Examples
        --------
        >>> model.fit([["king", "queen"], ["queen", "king"]] * 10).wv.tokens
        ['king', 'queen']
        """
        return self._fit(sentences, self._check(), column, fresh)

    def partial_fit(self, sentences: Any, *, column: str | None = None) -> Self:
        """Train on more text: words keep their vectors and ids, and words that are now frequent enough get new ones.

        The first call trains from the beginning, and counts rare words so that later calls can go on counting them.
        Counts of rare words are lost if the model was made by `fit`. A kept `run_dir` is replaced once training ends.

        Parameters
        ----------
        sentences : iterable, table or path
            The further text, as for `fit`.
        column : str or None
            As for `fit`.

        Returns
        -------
        Word2Vec
            The model itself.

        Raises
        ------
        UserError
            As `fit`; also if `vector_size` was changed, and for a `run_dir` that is a URI.

        Examples
        --------
        >>> more = Word2Vec(vector_size=4, min_count=2, sample=0, workers=1)
        >>> len(more.partial_fit([["old", "words"]] * 10).partial_fit([["new", "words"]] * 10).wv)
        3
        """
        config = self._check()
        if self._run is None:
            return self._fit(sentences, config_with(config, {"vocab.accumulate": True}), column)
        base = self._run
        kept = None if self.run_dir is None else require_local(self.run_dir)
        parent = config.executor.temp_dir if kept is None else str(kept.parent)
        folder = TemporaryFolder(self, parent, "w2v-model-" if kept is None else ".w2v-model-")
        try:
            run = self._fitter().run(sentences, folder.run, _growing(config, base), column)
            if kept is not None:
                run = replace_run(kept, Path(folder.run))
        except BaseException:
            folder.remove()
            raise
        self._keep(run, folder if kept is None else None)
        if kept is not None:
            folder.remove()
        return self

    @property
    def wv(self) -> WordVectors:
        """Return the trained vectors, which are mapped into memory from the run."""
        if self._vectors is None:
            self._vectors = WordVectors.read(self._trained("wv").stage("vectors"))
        return self._vectors

    @property
    def training_log(self) -> pa.Table:
        """Return the progress of the training, a row for each report: rows, losses, learning rate and speed."""
        lines = self._trained("training_log").read_checked("vectors", METRICS).splitlines()
        return pa.Table.from_pylist([json.loads(line) for line in lines], _LOG)

    @property
    def location(self) -> str:
        """Return where the run of the trained model is: a path or a URI that commands take as `--run-dir`."""
        return self._trained("location").location

    def report(self, path: Location) -> str:
        """Write the HTML report about the trained model, and return its location.

        Parameters
        ----------
        path : path or URI
            The file to write.

        Raises
        ------
        NotFittedError
            If the model is not trained.

        Examples
        --------
        >>> model.report(folder / "report.html").endswith("report.html")
        True
        """
        run, config = self._trained("report"), self._check()
        check_report(config)
        location = os.fspath(path)
        target = open_folder(location)
        above = open_folder(str(Path(target.path).parent)) if target.is_local else None
        if above is not None:
            above.create()
        with target.filesystem.open_output_stream(target.path, compression=None) as stream:
            stream.write(build_report(run, config))
        return location

    def save(self, path: Location) -> None:
        """Copy the run of the trained model to a new folder: a run directory that `load` and all commands read.

        Parameters
        ----------
        path : path or URI
            A folder that is empty or does not exist.

        Raises
        ------
        NotFittedError
            If the model is not trained.
        RunError
            If the folder holds something already.

        Examples
        --------
        >>> model.save(folder / "model")
        >>> len(Word2Vec.load(folder / "model").wv) == len(model.wv)
        True
        """
        copy_run(self._trained("save"), path)

    @classmethod
    def load(cls, path: Location) -> Self:
        """Open a saved model, a finished run, or a published version such as STORE/NAME@current.

        The model has the recorded parameters, and no `run_dir`: neither `fit` nor `partial_fit` changes what is loaded.

        Parameters
        ----------
        path : path or URI
            The run directory.

        Raises
        ------
        RunError
            If no finished run is there.

        Examples
        --------
        >>> model.save(folder / "saved")
        >>> Word2Vec.load(folder / "saved").vector_size == model.vector_size
        True
        """
        run = RunDir.open(resolved(os.fspath(path)))
        run.require("vectors")
        parameters, settings = recorded_parameters(run)
        model = cls(**parameters, settings=settings or None)
        model._run = run
        return model

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's signature
        """Return the parameters by name, as scikit-learn does.

        Parameters
        ----------
        deep : bool
            Has no effect.

        Returns
        -------
        dict
            The parameters of the constructor.

        Examples
        --------
        >>> Word2Vec(window=3).get_params()["window"]
        3
        """
        return {name: getattr(self, name) for name in _defaults()}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters for the next fit.

        Parameters
        ----------
        **parameters
            Parameters of the constructor.

        Raises
        ------
        ConfigError
            If a parameter is unknown or not allowed; none is changed then.

        Examples
        --------
        >>> Word2Vec().set_params(epochs=2)
        Word2Vec(epochs=2)
        """
        if unknown := parameters.keys() - _defaults().keys():
            raise ConfigError(
                f"parameter {min(unknown)!r} is unknown: expected one of {', '.join(_defaults())}. Give any other "
                "setting by settings=."
            )
        before = self.get_params()
        vars(self).update(parameters)
        try:
            self._check()
        except ConfigError:
            vars(self).update(before)
            raise
        return self

    def clone(self) -> Self:
        """Return an untrained model with the same parameters.

        Examples
        --------
        >>> Word2Vec(epochs=2).clone()
        Word2Vec(epochs=2)
        """
        return type(self)(**self.get_params())

    def _check(self) -> Config:
        """Return the configuration. Raises ConfigError for a parameter that is not allowed."""
        checked_callbacks(self.callbacks)
        if (
            self.executor is not None
            and not isinstance(self.executor, str)
            and not hasattr(self.executor, "run_parts")
        ):
            raise ConfigError(
                f"executor = {self.executor!r}: expected 'local', 'spark' or an Executor. Give one of these."
            )
        config = configuration(self.get_params(), self.settings, self.config)
        return (
            config_with(config, {"executor.name": self.executor})
            if isinstance(self.executor, str)
            else config
        )

    def _fit(self, sentences: Any, config: Config, column: str | None, fresh: bool = False) -> Self:
        if self.run_dir is not None:
            self._keep(self._fitter().run(sentences, self.run_dir, config, column, fresh), None)
            return self
        folder = TemporaryFolder(self, config.executor.temp_dir)
        try:
            run = self._fitter().run(sentences, folder.run, config, column)
        except BaseException:
            folder.remove()
            raise
        self._keep(run, folder)
        return self

    def _fitter(self) -> Fit:
        return Fit(self.executor, checked_callbacks(self.callbacks), self.progress)

    def _keep(self, run: RunDir, folder: TemporaryFolder | None) -> None:
        """Take a finished run for the one of this model, and remove the temporary one before it."""
        before, self._temporary = self._temporary, folder
        self._run, self._vectors = run, None
        if before is not None:
            before.remove()

    def _trained(self, wanted: str) -> RunDir:
        if self._run is None:
            raise NotFittedError(f"{wanted}: expected a trained model, and this one is not. Call fit first.")
        return self._run


@cache
def _defaults() -> dict[str, Any]:
    parameters = inspect.signature(Word2Vec.__init__).parameters.values()
    return {each.name: each.default for each in parameters if each.name != "self"}


def _growing(config: Config, base: RunDir) -> Config:
    """Return the settings of a training that goes on from `base`."""
    recorded = base.require("vocab").config
    has_rare_counts = bool(recorded.get("accumulate") or recorded.get("extend"))
    if not has_rare_counts and config.vocab.min_count > 1:
        log_event(
            f"{base.location} was made by fit, which keeps no counts of words below min_count: they are counted "
            "from here on. Begin with partial_fit to keep them.",
            "rare_counts_lost",
            "warning",
        )
    grown: dict[str, Any] = {"vocab.extend": base.location, "train.init_vectors": base.location}
    return config_with(config, grown | ({} if has_rare_counts else {"vocab.rare_lost": True}))


_TYPES = {int: pa.int64(), float: pa.float64(), float | None: pa.float64()}
_LOG = pa.schema([(name, _TYPES[kind]) for name, kind in Progress.__annotations__.items()])
