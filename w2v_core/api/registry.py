"""Published versions of models: publish, promote, roll back and load."""

import os
from typing import Protocol

from w2v_core.io.filesystem import Location
from w2v_core.registry.store import Model, ModelStore, Published, Version
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors


class HasLocation(Protocol):
    """A trained model in a run directory."""

    @property
    def location(self) -> str:
        """Return the run directory."""


class ModelRegistry:
    """The models in a folder or at a URI, each with its versions, of which one is the current one.

    Parameters
    ----------
    location : path or URI
        The store; it need not exist.

    Raises
    ------
    UserError
        If a file or a single model is there.

    Examples
    --------
    >>> registry = ModelRegistry(folder / "store")
    >>> registry.publish(model, "news").version.name
    'v1'
    >>> registry.names()
    ['news']
    >>> len(registry.load("news")) == len(model.wv)
    True
    """

    def __init__(self, location: Location) -> None:
        self._store = ModelStore(location)

    def __repr__(self) -> str:
        return f"ModelRegistry({self.location!r})"

    @property
    def location(self) -> str:
        """Return where the store is."""
        return self._store.location

    def names(self) -> list[str]:
        """Return the names of the models that have a version."""
        return [model.name for model in self._store.models()]

    def versions(self, name: str) -> list[Version]:
        """Return the versions of a model, the oldest first. Raises UserError if it has none.

        Parameters
        ----------
        name : str
            The name of the model.
        """
        return self._model(name).require()

    def current(self, name: str) -> Version | None:
        """Return the current version of a model, None if it has none.

        Parameters
        ----------
        name : str
            The name of the model.
        """
        return self._model(name).current()

    def publish(self, run: HasLocation | Location, name: str, *, promote: bool = True) -> Published:
        """Publish a trained model as a new version, unless a version already holds the same.

        Parameters
        ----------
        run : Word2Vec, Pipeline, path or URI
            The trained model, or its run directory.
        name : str
            The name of the model in the store.
        promote : bool
            Whether it becomes the current version.

        Returns
        -------
        Published
            The version, and whether it is new and current.

        Raises
        ------
        UserError
            If the run is not finished or damaged, or if the name is not allowed.
        """
        location = os.fspath(run) if isinstance(run, str | os.PathLike) else run.location
        return self._model(name).publish(RunDir.open(location), promote=promote)

    def promote(self, name: str, version: str) -> Version:
        """Make a version the current one, and return it. Raises UserError if there is no such version.

        Parameters
        ----------
        name : str
            The name of the model.
        version : str
            The version, such as "v3".
        """
        return self._model(name).promote(version)

    def rollback(self, name: str) -> Version:
        """Make the version current that was current before, and return it. Raises UserError if there is none.

        Parameters
        ----------
        name : str
            The name of the model.
        """
        return self._model(name).rollback()

    def prune(self, name: str, keep: int) -> list[Version]:
        """Remove old versions, and return them. The current one and the one before it stay.

        Parameters
        ----------
        name : str
            The name of the model.
        keep : int
            How many of the newest versions stay, 1 or more.
        """
        return self._model(name).prune(keep)

    def verify(self, name: str, version: str) -> list[str]:
        """Return the problems of a version after reading all of it; none if it is whole.

        Parameters
        ----------
        name : str
            The name of the model.
        version : str
            The version, such as "v3".
        """
        return self._model(name).verify(version)

    def load(self, name: str, version: str = "current") -> WordVectors:
        """Return the vectors of a version. Raises UserError if there is no such version.

        Parameters
        ----------
        name : str
            The name of the model.
        version : str
            The version, such as "v3", or "current".
        """
        model = self._model(name)
        if version == "current" and (found := model.current()) is not None:
            return WordVectors.load(found.location)
        return WordVectors.load(model.version(version).location)

    def _model(self, name: str) -> Model:
        return self._store.model(name)
