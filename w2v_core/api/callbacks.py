"""What a training calls while it runs: the base of your own callbacks, early stopping, and scores after each epoch."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from w2v_core.api.scores import as_locations, evaluate
from w2v_core.errors import ConfigError, UserError
from w2v_core.io.filesystem import Location
from w2v_core.pipeline.train import EpochWatch, Report
from w2v_core.training.trainer import Progress
from w2v_core.vectors.word_vectors import WordVectors

Vectors = Callable[[], WordVectors]
"""Return a copy of the vectors as they are; can be called while `on_epoch_end` runs."""


class Callback:
    """Base class of callbacks. Each method does nothing: override those that you need.

    Examples
    --------
    >>> class Losses(Callback):
    ...     def __init__(self):
    ...         self.losses = []
    ...
    ...     def on_epoch_end(self, epoch, logs, vectors):
    ...         self.losses.append(logs["loss"])
    """

    def on_train_begin(self) -> None:
        """Training begins. It is not called where the vectors are up to date."""

    def on_progress(self, progress: Progress) -> None:
        """Take the progress of training, every two seconds and at the end of each epoch.

        Parameters
        ----------
        progress : Progress
            Rows, losses and learning rate, as in `Word2Vec.training_log`.
        """

    def on_epoch_end(self, epoch: int, logs: dict[str, Any], vectors: Vectors) -> bool | None:
        """Take the state after an epoch. All workers wait for it.

        Parameters
        ----------
        epoch : int
            The epoch that ended, from 1.
        logs : dict
            The fields of `Progress`. What a callback adds is seen by those after it.
        vectors : callable
            Returns a copy of the vectors as WordVectors. Call it within this method only.

        Returns
        -------
        bool or None
            True ends training here, with the vectors as they are.
        """

    def on_train_end(self) -> None:
        """Training ended, and was not interrupted."""

    def rule(self) -> Any:
        """Return plain values that identify when this callback ends training; None if it never does.

        A finished run is used again only where the rules are the same.
        """


class EarlyStopping(Callback):
    """End training once a value has not improved for some epochs.

    The learning rate falls towards the end of all epochs, so that training which ends early has not used its smaller
    rates.

    Parameters
    ----------
    monitor : str
        A number of the logs: `held_out_loss`, which corpora below about 1,600 rows do not have, `loss`, or the name
        of a set of an `EvaluateEachEpoch` before this callback.
    patience : int
        Epochs without improvement after which training ends, 1 or more.
    min_delta : float
        A smaller change is not an improvement.
    mode : {"auto", "min", "max"}
        Whether smaller or larger values are better; auto: smaller for names that end in "loss".

    Attributes
    ----------
    stopped_epoch : int or None
        The epoch after which training ended early.
    best : float or None
        The best value.

    Examples
    --------
    >>> EarlyStopping(monitor="held_out_loss", patience=2)
    EarlyStopping(monitor='held_out_loss', patience=2, min_delta=0.0, mode='min')
    """

    def __init__(
        self,
        monitor: str = "held_out_loss",
        patience: int = 1,
        min_delta: float = 0.0,
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        if not isinstance(patience, int) or patience < 1:
            raise ConfigError(f"patience = {patience!r}: expected an integer >= 1. Give the epochs to wait.")
        if not min_delta >= 0:
            raise ConfigError(
                f"min_delta = {min_delta!r}: expected a number >= 0. Give the least change that counts."
            )
        if mode not in ("auto", "min", "max"):
            raise ConfigError(f"mode = {mode!r}: expected one of 'auto', 'min', 'max'. Choose one.")
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.mode = mode if mode != "auto" else "min" if monitor.endswith("loss") else "max"
        self.best: float | None = None
        self.stopped_epoch: int | None = None
        self._epochs_waited = 0

    def __repr__(self) -> str:
        values = {
            "monitor": self.monitor,
            "patience": self.patience,
            "min_delta": self.min_delta,
            "mode": self.mode,
        }
        return f"EarlyStopping({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    def rule(self) -> Any:
        """Return the parameters."""
        return ["EarlyStopping", self.monitor, self.patience, self.min_delta, self.mode]

    def on_train_begin(self) -> None:
        """Forget an earlier training."""
        self.best, self.stopped_epoch, self._epochs_waited = None, None, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any], vectors: Vectors) -> bool:  # noqa: ARG002
        """Compare the value with the best one. Raises UserError if the logs have no such number."""
        value = self._value(logs)
        if self.best is None or self._gain(value) > self.min_delta:
            self.best, self._epochs_waited = value, 0
            return False
        self._epochs_waited += 1
        if self._epochs_waited < self.patience:
            return False
        self.stopped_epoch = epoch
        return True

    def _gain(self, value: float) -> float:
        assert self.best is not None
        return self.best - value if self.mode == "min" else value - self.best

    def _value(self, logs: Mapping[str, Any]) -> float:
        value = logs.get(self.monitor)
        if isinstance(value, int | float) and not math.isnan(value):
            return float(value)
        numbers = ", ".join(name for name, other in logs.items() if isinstance(other, int | float))
        reason = "is None" if self.monitor in logs else "is not in the logs"
        reason += _WHY_ABSENT.get(self.monitor, "")
        raise UserError(f"EarlyStopping: monitor = {self.monitor!r} {reason}. Monitor one of {numbers}.")


_WHY_ABSENT = {
    "held_out_loss": ", since the corpus is too small to hold rows out",
    "loss": ", since the NumPy engine computed it for no batch of so small a corpus",
}


class EvaluateEachEpoch(Callback):
    """Score the vectors after each epoch, and add the scores to the logs by the name of the set.

    Parameters
    ----------
    word_pairs : path, str or sequence of these
        Files of word similarity, or names of sets that gensim bundles. The score is Spearman's correlation.
    analogies : path, str or sequence of these
        Files of analogies, or such names. The score is the accuracy.

    Attributes
    ----------
    history : list of dict
        The epoch and the scores of each epoch of the last training. A score is None where no item is covered.

    Examples
    --------
    >>> EvaluateEachEpoch(word_pairs="wordsim353").history
    []
    """

    def __init__(
        self,
        word_pairs: Location | Sequence[Location] = (),
        analogies: Location | Sequence[Location] = (),
    ) -> None:
        if not as_locations(word_pairs) and not as_locations(analogies):
            raise ConfigError("EvaluateEachEpoch: expected word_pairs or analogies. Name a file or a set.")
        self.word_pairs = word_pairs
        self.analogies = analogies
        self.history: list[dict[str, Any]] = []

    def on_train_begin(self) -> None:
        """Forget an earlier training."""
        self.history = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any], vectors: Vectors) -> None:
        """Score the vectors."""
        found = evaluate(vectors(), word_pairs=self.word_pairs, analogies=self.analogies).scores
        logs.update(found)
        self.history.append({"epoch": epoch, **found})


def checked_callbacks(callbacks: Any) -> tuple[Callback, ...]:
    """Return the callbacks. Raises ConfigError for anything else."""
    if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
        raise ConfigError(f"callbacks = {callbacks!r}: expected a list of callbacks. Write callbacks=[…].")
    for number, callback in enumerate(callbacks):
        if not isinstance(callback, Callback):
            raise ConfigError(
                f"callbacks[{number}] = {callback!r}: expected an instance of a subclass of "
                "w2v_core.api.callbacks.Callback. Derive your class from it."
            )
    return tuple(callbacks)


def epoch_watch_of(callbacks: Sequence[Callback]) -> EpochWatch | None:
    """Return what calls `on_epoch_end` of the callbacks; None where none overrides it, so that no worker waits."""
    listening = [
        callback for callback in callbacks if type(callback).on_epoch_end is not Callback.on_epoch_end
    ]
    if not listening:
        return None

    def on_epoch(epoch: int, progress: Progress, vectors: Vectors) -> bool:
        logs = {**progress.to_dict(), "epoch": epoch}
        answers = [callback.on_epoch_end(epoch, logs, vectors) for callback in listening]
        return any(answers)

    rules = [rule for callback in listening if (rule := callback.rule()) is not None]
    return EpochWatch(on_epoch, rules or None)


@contextmanager
def reporting_to(callbacks: Sequence[Callback], show: Report) -> Iterator[Report]:
    """Yield what shows progress and calls `on_progress`; begin and end of the block are those of training."""
    for callback in callbacks:
        callback.on_train_begin()

    def report(progress: Progress) -> None:
        show(progress)
        for callback in callbacks:
            callback.on_progress(progress)

    yield report
    for callback in callbacks:
        callback.on_train_end()
