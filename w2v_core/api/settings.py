"""The parameters of `Word2Vec` as settings of the configuration."""

from collections.abc import Mapping
from typing import Any

from w2v_core.config import Config, ShardsConfig, TrainConfig, VocabConfig, config_with
from w2v_core.errors import ConfigError
from w2v_core.io.filesystem import Location
from w2v_core.runs.run_directory import RunDir

TRAIN, VOCAB, SHARDS = TrainConfig(), VocabConfig(), ShardsConfig()
"""The defaults."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "vector_size": ("train.vector_size",),
    "window": ("shards.window",),
    "min_count": ("vocab.min_count",),
    "max_final_vocab": ("vocab.max_final_vocab",),
    "sg": ("train.sg",),
    "negative": ("train.negative",),
    "ns_exponent": ("vocab.ns_exponent",),
    "alpha": ("train.alpha",),
    "min_alpha": ("train.min_alpha",),
    "sample": ("vocab.sample",),
    "epochs": ("train.epochs",),
    "seed": ("shards.seed", "train.seed"),
    "workers": ("executor.workers", "train.workers"),
    "engine": ("train.engine",),
}
"""The settings that each parameter sets."""

_SECTIONS = {
    "tokens": "tokenize",
    "phrases": "phrases",
    "vocab": "vocab",
    "shards": "shards",
    "vectors": "train",
}
_ALIASES = {"vocab.from_": "vocab.from"}
_OF_GROWTH = ("vocab.extend", "vocab.rare_lost", "train.init_vectors")
"""Settings of a vocabulary that extends another one, which `partial_fit` gives itself."""


def default_of(key: str) -> Any:
    """Return the default of a setting."""
    section, _, name = key.partition(".")
    return getattr(getattr(Config(), section), name)


def configuration(
    parameters: Mapping[str, Any], settings: Mapping[str, Any] | None, base: Config | Location | None
) -> Config:
    """Return the configuration of a model.

    `settings` are over `parameters` that differ from their defaults, and these over `base`. Raises ConfigError for an
    unknown key, for a value that is not allowed, and for a setting that contradicts a parameter.
    """
    settings = {} if settings is None else settings
    if not isinstance(settings, Mapping):
        raise ConfigError(
            f"settings = {settings!r}: expected a mapping. Write settings={{'tokenize.lower': False}}."
        )
    values: dict[str, Any] = {}
    for name, keys in KEYS.items():
        for key in keys:
            if parameters[name] != default_of(key):
                values[key] = parameters[name]
    for key, value in settings.items():
        if not isinstance(key, str):
            raise ConfigError(
                f"settings[{key!r}]: expected a key such as 'tokenize.lower'. Write it as text."
            )
        if key in values and values[key] != value:
            name = next(name for name, keys in KEYS.items() if key in keys)
            raise ConfigError(
                f"{name} = {values[key]!r} and settings[{key!r}] = {value!r} are the same setting. Give one of both."
            )
    return config_with(base, values | dict(settings))


def recorded_parameters(run: RunDir) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters and further settings, other than the defaults, with which a run was made."""
    values = _recorded(run)
    if values.get("vocab.extend") is not None:
        values = {key: value for key, value in values.items() if key not in _OF_GROWTH}
        values["vocab.accumulate"] = True
    parameters: dict[str, Any] = {}
    for name, keys in KEYS.items():
        found = {values[key] for key in keys if key in values}
        if len(found) == 1:
            parameters[name] = found.pop()
            values = {key: value for key, value in values.items() if key not in keys}
    further = {
        key: value for key, value in values.items() if value != default_of(key.replace("from", "from_"))
    }
    return parameters, further


def _recorded(run: RunDir) -> dict[str, Any]:
    """Return every setting that the manifests of a run record."""
    values: dict[str, Any] = {}
    for stage, section in _SECTIONS.items():
        if (manifest := run.manifest(stage)) is not None:
            for name, value in manifest.config.items():
                key = f"{section}.{name}"
                values[_ALIASES.get(key, key)] = value
    return values
