"""The configuration, from a file and `--set`."""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import (
    ValidationError,
)

from w2v_core.config.operation import ExecutorConfig, GateConfig, NightlyConfig, SparkConfig
from w2v_core.config.preprocessing import PhrasesConfig, ShardsConfig, TokenizeConfig, VocabConfig
from w2v_core.config.results import EmbedConfig, EvaluateConfig, ReportConfig
from w2v_core.config.section import Section
from w2v_core.config.training import TrainConfig
from w2v_core.errors import ConfigError, UserError
from w2v_core.io.credentials import holds_credentials, is_secret, reject_in_location, reject_in_settings
from w2v_core.io.filesystem import Location, read_location


class Config(Section):
    """All sections, in the order of the data flow. `executor` and `spark` change how a stage runs, never its output."""

    tokenize: TokenizeConfig = TokenizeConfig()
    phrases: PhrasesConfig = PhrasesConfig()
    vocab: VocabConfig = VocabConfig()
    shards: ShardsConfig = ShardsConfig()
    train: TrainConfig = TrainConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    embed: EmbedConfig = EmbedConfig()
    report: ReportConfig = ReportConfig()
    gate: GateConfig = GateConfig()
    night: NightlyConfig = NightlyConfig()
    executor: ExecutorConfig = ExecutorConfig()
    spark: SparkConfig = SparkConfig()


def load_config(path: Location | None = None, overrides: Sequence[str] = ()) -> Config:
    """Return the settings in `path` (TOML, or .json) after `overrides` ("section.key=value"), in order.

    Raises ConfigError that names the key, the value and what is expected. A secret is named by its key alone.
    """
    path = None if path is None else os.fspath(path)
    settings = {} if path is None else _read_settings(path)
    for override in overrides:
        settings = _merge(settings, _parse_override(override))
    return _checked(settings, path)


def config_with(base: Config | Location | None, values: Mapping[str, Any]) -> Config:
    """Return `base`, a configuration or the path of one, with `values` over it.

    Parameters
    ----------
    base : Config, path or None
        None for the defaults.
    values : mapping
        Values by key, as in {"tokenize.lower": False}: the keys of `--set`.

    Raises
    ------
    ConfigError
        If a key is unknown or a value is not allowed.

    Examples
    --------
    >>> config_with(None, {"train.epochs": 3}).train.epochs
    3
    """
    path = None if base is None or isinstance(base, Config) else os.fspath(base)
    settings = {} if path is None else _read_settings(path)
    if isinstance(base, Config):
        settings = base.model_dump(by_alias=True, exclude_unset=True)
    for key, value in values.items():
        section, dot, name = key.partition(".")
        if not (section and dot and name):
            raise ConfigError(
                f"settings[{key!r}]: expected a key such as 'tokenize.lower'. Write 'section.key'."
            )
        if section == "spark" and name.startswith("conf."):
            name, value = "conf", {name.removeprefix("conf."): value}
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        settings = _merge(settings, {section: {name: value}})
    return _checked(settings, path)


def _checked(settings: dict[str, Any], path: str | None) -> Config:
    reject_in_settings(settings)
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(_explain(error, path)) from None


def _read_settings(path: str) -> dict[str, Any]:
    reject_in_location(path, "--config")
    kind = "JSON" if path.endswith(".json") else "TOML"
    try:
        text = read_location(path).decode("utf-8-sig")
        settings = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"configuration file {path} cannot be read: {error.strerror or error}. Check --config."
        ) from None
    except UserError:
        raise
    except (ValueError, RecursionError) as error:  # TOML, JSON, UTF-8, or a path with a NUL
        raise ConfigError(
            f"configuration file {path} is not valid {kind}: {error}. Correct the file."
        ) from None
    if not isinstance(settings, dict):
        raise ConfigError(
            f"configuration file {path}: expected sections, got {type(settings).__name__}. See conf/default.toml."
        )
    return settings


def _parse_override(override: str) -> dict[str, Any]:
    """Return the setting of one `--set`: a TOML key, and a TOML value or else text."""
    key, equals, value = override.partition("=")
    if is_secret(key, value) or holds_credentials(key):
        override = f"{key.partition(':')[0]}=…"
    if not equals or "." not in key or "\n" in override:
        raise ConfigError(
            f"--set {override!r}: expected section.key=value, for example --set train.epochs=3."
        )
    for candidate in (value, _quote(value)):
        try:
            return tomllib.loads(f"{key.strip()} = {candidate}")
        except tomllib.TOMLDecodeError:
            continue
    raise ConfigError(f"--set {override!r}: {key!r} is not a valid key. Write section.key=value.")


def _quote(value: str) -> str:
    escaped = value.strip().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _merge(base: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in update.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if nested else value
    return merged


def _explain(error: ValidationError, path: str | None) -> str:
    """Return the first fault as a message: the key, the value, what is expected, and a fix."""
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    source = f" (from {path} or --set)" if path else ""
    if fault["type"] == "value_error":  # of our own validators, which name the keys
        return f"{fault['ctx']['error']}{f' The value is from {path} or --set.' if path else ''}"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}{source}. {_known_keys(fault['loc'])}."
    has_keys = fault["type"] in ("dict_type", "model_type")
    value = f"{key} = {_shown(fault['input'], has_keys)}{source}"
    if has_keys:
        return f"{value}: expected keys, got a value. Set {key}.NAME."
    return f"{value}: expected {_expected(fault['msg'])}. Set it in the configuration file or with --set."


_BOUNDS = {
    "greater than or equal to": "a number >=",
    "less than or equal to": "a number <=",
    "greater than": "a number >",
    "less than": "a number <",
}


def _expected(message: str) -> str:
    """Return what Pydantic's `message` says that a value should be: "Input should be greater than 0"."""
    expected = re.sub(r"^[A-Z]\w+ should (be|have) ", "", message).partition(", unable to")[0]
    for words, sign in _BOUNDS.items():
        expected = re.sub(f"^{words}", sign, expected)
    return expected[:1].lower() + expected[1:]


def _shown(value: Any, has_keys: bool) -> str:
    """Return the rejected value as text. A value in place of keys, or keys in place of a value, may be a secret."""
    if isinstance(value, dict):
        return "{…}"
    return "…" if has_keys and not isinstance(value, bool | int | float) else repr(value)


_OLD_NAMES = {"size": "train.vector_size", "iter": "train.epochs", "max_vocab_size": "vocab.max_final_vocab"}
"""Names of gensim 3, and the settings that replace them."""


def _known_keys(loc: tuple[int | str, ...]) -> str:
    *sections, name = map(str, loc)
    keys_of = {section: _keys(field.annotation) for section, field in Config.model_fields.items()}
    known = keys_of[sections[0]] if sections else list(keys_of)
    elsewhere = [f"{section}.{name}" for section, keys in keys_of.items() if name in keys]
    renamed = [_OLD_NAMES[name]] if name in _OLD_NAMES else []
    meant = renamed or elsewhere or get_close_matches(name, known, n=1)
    hint = f"Did you mean {' or '.join(meant)}? " if meant else ""
    return f"{hint}{f'[{sections[0]}] has' if sections else 'The sections are'} {', '.join(known)}"


def _keys(model: Any) -> list[str]:
    """Return the keys of a section as users write them."""
    return [field.alias or name for name, field in model.model_fields.items()]
