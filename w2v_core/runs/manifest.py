"""What a finished stage says of itself: its settings, inputs, files and counts."""

import hashlib
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from w2v_core.errors import RunError
from w2v_core.io.filesystem import Folder, require_name
from w2v_core.runs.artifacts import MANIFEST
from w2v_core.runs.token_account import Count, TokenAccount

FORMAT_VERSION = 1


COMMANDS = {
    "tokens": "tokenize --input PATH",
    "phrases": "phrases",
    "vocab": "vocab",
    "shards": "shards",
    "vectors": "train",
    "reports": "evaluate",
}


REVISION = {"tokens": 4, "phrases": 2, "vocab": 2, "shards": 6, "vectors": 1, "reports": 2, "documents": 2}
"""Of what a stage makes. Raised with a change of code after which the same inputs give another output."""


class FileEntry(BaseModel):
    """A file that a stage made: its name in the stage's folder, rows where it has rows, bytes, CRC-32."""

    model_config = ConfigDict(frozen=True)
    name: Annotated[str, AfterValidator(require_name)]
    rows: Count | None
    bytes: Count
    crc32: Count


class Manifest(BaseModel):
    """What a finished stage says of itself."""

    model_config = ConfigDict(frozen=True)
    format_version: int
    stage: str
    code_version: str
    finished_at: str = Field(description="UTC, ISO 8601")
    seconds: float = Field(allow_inf_nan=False)
    fingerprint: str = Field(description="of the configuration and of everything that was read")
    config: dict[str, Any]
    inputs: Any = Field(description="the input files, or the fingerprints of the stages that were read")
    files: tuple[FileEntry, ...]
    tokens: TokenAccount | None = Field(description="the token account, where the stage handles tokens")
    counters: dict[str, Count]
    environment: dict[str, str] = Field(
        default_factory=dict, description="what computed it: the training engine and the processor"
    )
    digest: str | None = Field(
        None, description="of the rows of all files, whatever their order, in hexadecimal"
    )

    def account(self) -> TokenAccount:
        """Return the token account of a stage that handles tokens. Raises RunError where it is missing."""
        if self.tokens is None:
            raise RunError(
                f"{self.stage}/{MANIFEST}: tokens = null: expected a token account; delete the file and run the "
                "command again"
            )
        return self.tokens


def fingerprint(stage: str, config: BaseModel, inputs: Any) -> str:
    """SHA-256 of what decides a stage's output: its settings, its inputs and the revision of its code."""
    facts = {
        "format_version": FORMAT_VERSION,
        "stage": stage,
        "revision": REVISION[stage],
        "config": config.model_dump(mode="json", exclude=getattr(config, "execution_only", None)),
        "inputs": inputs,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def read_manifest(stage: Folder, path: str, location: str, fix: str) -> Manifest | None:
    """The manifest of the stage in a folder, of `location`, that people know as `path`; None where it is not finished.

    UserError, with how to `fix` it, where it is damaged.
    """
    data = stage.read(MANIFEST)
    if data is None:
        return None
    _check_format(data, f"{path}/{MANIFEST}", location, fix)
    try:
        return Manifest.model_validate_json(data)
    except ValidationError:
        raise RunError(f"{path}/{MANIFEST} is damaged; {fix}") from None


def _check_format(data: bytes, path: str, location: str, fix: str = "use a new --run-dir") -> None:
    try:
        version = json.loads(data)["format_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RunError(f"{path} is damaged: it is not the JSON that this program writes; {fix}") from None
    if version != FORMAT_VERSION:
        raise RunError(
            f"{path} is of run-directory format {version!r} and this program writes format {FORMAT_VERSION}; "
            f"use a new --run-dir, or the version of w2v that made {location}"
        )
