"""normalization.json: the spelling of the corpus, beside the vectors that were trained on it."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.io.filesystem import Folder, access
from w2v_core.runs.manifest import read_manifest
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.tokenizers import spelling

FILE = "normalization.json"
_OPTIONS = {"regex": ("pattern",), "char_ngrams": ("min_n", "max_n")}


def rules_of_run(tokens_config: dict[str, object]) -> bytes:
    """Return the content of the file for a tokens stage of these settings."""
    rules = spelling(TokenizeConfig.model_validate(tokens_config))
    return json.dumps(asdict(rules), indent=2).encode() + b"\n"


def read_rules(folder: Folder) -> Rules | None:
    """Return the recorded rules, or None where there are none. UserError for a damaged file."""
    path = folder.file(FILE)
    with access(path):
        data = folder.read(FILE)
    if data is None:
        return None
    try:
        return TypeAdapter(Rules).validate_json(data)
    except ValidationError:
        raise InputError(
            f"{path} is damaged: expected the JSON of four settings. Delete it to ask words as they are spelled."
        ) from None


def word_settings(config: TokenizeConfig) -> dict[str, object]:
    """Return the settings that decide how a word is spelled, by their keys in the section tokenize."""
    options = {key: getattr(config, key) for key in _OPTIONS.get(config.tokenizer, ())}
    return {"tokenizer": config.tokenizer} | options | _by_key(spelling(config))


def recorded_settings(folder: Folder) -> dict[str, object]:
    """Return the recorded `word_settings` of a vocabulary's folder: of its run, else of its version.

    Empty for a list made by hand, and for a corpus of ready tokens.
    """
    parent = Folder(folder.filesystem, folder.path.rpartition("/")[0])
    tokens = parent / "tokens"
    with access(str(tokens)):
        manifest = read_manifest(tokens, str(tokens), str(tokens), "make that run again")
    if manifest is not None and folder.path.endswith(("/vocab", "/vectors")):
        if manifest.counters.get("token_lists", 0) > 0:
            return {}
        return word_settings(TokenizeConfig.model_validate(manifest.config))
    rules = read_rules(folder)
    return {} if rules is None else _by_key(rules)


def require_same_settings(key: str, recorded: Mapping[str, object], config: TokenizeConfig) -> None:
    """Raise InputError where the vocabulary that `key` names has words of another spelling than the corpus."""
    current = word_settings(config)
    for name, value in recorded.items():
        if name not in current or current[name] != value:
            raise InputError(
                f"{key} was made with tokenize.{name} = {_toml(value)}, and this corpus with "
                f"{_toml(current.get(name))}; tokenize this corpus with --set tokenize.{name}={_toml(value)}, or name "
                "another vocabulary"
            )


def _by_key(rules: Rules) -> dict[str, object]:
    values = asdict(rules)
    return {"normal_form": values.pop("form")} | values


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
