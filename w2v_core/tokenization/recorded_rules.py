"""normalization.json: the spelling of the corpus, beside the vectors that were trained on it."""

import json
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.io.filesystem import Folder, access
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.tokenizers import spelling

FILE = "normalization.json"


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
