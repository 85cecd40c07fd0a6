"""version.json: what a version says of itself."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from w2v_core import __version__
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, require_name
from w2v_core.runs.artifacts import INPUT_VECTORS, OUTPUT_VECTORS, VOCAB_FILE
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.model_reference import RECORD

FORMAT_VERSION = 1

State = Literal["accepted", "rejected"]

_CONTENT = (INPUT_VECTORS, OUTPUT_VECTORS, VOCAB_FILE)


class StoredFile(BaseModel):
    """A file of a version."""

    model_config = ConfigDict(frozen=True)
    bytes: int
    sha256: str


class Source(BaseModel):
    """The run that a version was made from."""

    model_config = ConfigDict(frozen=True)
    run: str = Field(description="its location")
    fingerprints: dict[str, str] = Field(description="of its finished stages")
    content: dict[str, list[int]] = Field(description="bytes and CRC-32 of its vectors and their vocabulary")

    @classmethod
    def of(cls, location: str, manifests: dict[str, Manifest]) -> "Source":
        """That of a run's manifests, by stage."""
        files = {entry.name: [entry.bytes, entry.crc32] for entry in manifests["vectors"].files}
        return cls(
            run=location,
            fingerprints={stage: manifest.fingerprint for stage, manifest in manifests.items()},
            content={name: files[name] for name in _CONTENT if name in files},
        )

    def is_same(self, other: "Source") -> bool:
        """Whether both are the same vectors of the same words, trained by the same settings."""
        stages = ("vocab", "vectors")
        return self.content == other.content and all(
            self.fingerprints.get(stage) == other.fingerprints.get(stage) for stage in stages
        )


def _require_place(name: str) -> str:
    """A file of a version: its name, or STAGE/NAME."""
    stage, _, file = name.rpartition("/")
    return "/".join(map(require_name, [stage, file] if stage else [name]))


class Record(BaseModel):
    """What stands in version.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format_version: int = FORMAT_VERSION
    name: str
    version: str
    published_at: str = Field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"), description="UTC, ISO 8601"
    )
    code_version: str = __version__
    state: State = Field(description="whether it may become the current version without being asked for")
    based_on: str | None = Field(description="the version that its training started from")
    source: Source
    aligned_to: dict[str, Any] | None = Field(description="the version whose axes its vectors have, if any")
    files: dict[Annotated[str, AfterValidator(_require_place)], StoredFile]
    seal: str | None = Field(None, description="SHA-256 of the rest")

    def sealed(self) -> "Record":
        """This, with its seal."""
        return self.model_copy(update={"seal": self._sum()})

    def _sum(self) -> str:
        rest = self.model_copy(update={"seal": None})
        return sha256(rest.model_dump_json().encode()).hexdigest()

    def _is_intact(self) -> bool:
        """Whether it has the seal that fits; what was published before there were any has none."""
        return self.seal in (None, self._sum())

    @classmethod
    def read(cls, folder: Folder) -> "Record | None":
        """That of the version in `folder`, None where there is none. UserError for a damaged one."""
        data = folder.read(RECORD)
        if data is None:
            return None
        try:
            record = cls.model_validate_json(data)
        except ValidationError:
            record = None
        if record is None or record.version != folder.path.rpartition("/")[2] or not record._is_intact():
            raise UserError(
                f"{folder.file(RECORD)} is damaged: it is not a valid record of a version. Restore the folder "
                f"{folder} from a copy, or delete it."
            )
        if record.format_version != FORMAT_VERSION:
            raise UserError(
                f"{folder.file(RECORD)}: expected format {FORMAT_VERSION}, got {record.format_version}. Use w2v "
                f"{record.code_version}, which wrote it."
            )
        return record
