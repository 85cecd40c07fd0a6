"""What a plan says, as a document that can be kept, and what came of it."""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from w2v_core.errors import UserError
from w2v_core.runs.run_directory import RunDir

FORMAT_VERSION = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class SampleFacts(_Part):
    """What was read for it."""

    bytes: int
    total_bytes: int = Field(description="of the input, packed files as they would be unpacked")
    seed: int
    seconds: float = Field(description="that the plan took, all in all")


class Counts(_Part):
    """Whole numbers of a run."""

    sentences: int
    tokens: int
    distinct_words: int
    words: int = Field(description="of the vocabulary")
    known_tokens: int = Field(description="tokens of these words")
    rows: int = Field(description="that the shards hold, of all passes")


class Bytes(_Part):
    """Files of each stage."""

    tokens: int
    vocab: int
    shards: int
    vectors: int
    checkpoints: int = Field(description="beside them while training lasts: two states at most")
    disk: int = Field(description="all of these")


class Memory(_Part):
    """The most at one time, in bytes."""

    training: int = Field(description="of all processes that train; of it `tables` is shared")
    tables: int
    spark_driver: int
    spark_java: int
    spark_worker: int = Field(description="one Python worker; there is one for each core")


class Seconds(_Part):
    """Of the stages as their manifests count them, on the machine that made the plan."""

    spark_start: float
    tokens: float
    vocab: float
    shards: float
    vectors: float
    total: float


class Measured(_Part):
    """What the sample took here: the grounds of the seconds."""

    tokens_per_second: float = Field(description="tokenize, one core")
    rows_per_second: float = Field(description="training, all workers")
    spark_cores: int
    train_workers: int
    train_engine: str = "numpy"


class Prediction(_Part):
    """The plan of one run."""

    format_version: int = FORMAT_VERSION
    code_version: str
    made_at: str = Field(description="UTC, ISO 8601")
    config: dict[str, Any]
    sample: SampleFacts
    counts: Counts
    bytes: Bytes
    memory: Memory
    seconds: Seconds
    measured: Measured
    notes: tuple[str, ...] = Field(description="what the plan leaves out, in sentences")

    @classmethod
    def parse(cls, data: str, location: str) -> "Prediction":
        """The prediction that was kept. UserError where it is none."""
        try:
            found = cls.model_validate_json(data)
        except ValidationError:
            raise UserError(
                f"{location} is not a valid prediction. Write one with `w2v plan --input PATH --json > FILE`."
            ) from None
        if found.format_version != FORMAT_VERSION:
            raise UserError(
                f"{location}: expected a prediction of format {FORMAT_VERSION}, got format {found.format_version}. Run "
                "`w2v plan` again."
            )
        return found


class Compared(NamedTuple):
    """One thing, as it was predicted and as it came."""

    what: str
    predicted: float
    actual: float

    @property
    def ratio(self) -> float | None:
        """Predicted by actual; None where nothing came."""
        return self.predicted / self.actual if self.actual else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "ratio": self.ratio}


_STAGES = ("tokens", "vocab", "shards", "vectors")


def compare(prediction: Prediction, run: RunDir) -> list[Compared]:
    """Every predicted thing that the manifests of `run` tell, as far as its stages are finished."""
    manifests = {stage: found for stage in _STAGES if (found := run.manifest(stage)) is not None}
    facts: dict[str, float] = {}
    if tokens := manifests.get("tokens"):
        facts["counts.sentences"] = sum(file.rows or 0 for file in tokens.files)
        facts["counts.tokens"] = tokens.tokens.kept if tokens.tokens else 0
    if vocab := manifests.get("vocab"):
        facts["counts.distinct_words"] = vocab.counters.get("distinct_words", 0)
        facts["counts.words"] = vocab.counters.get("words", 0)
        facts["counts.known_tokens"] = vocab.tokens.kept if vocab.tokens else 0
    if shards := manifests.get("shards"):
        facts["counts.rows"] = sum(file.rows or 0 for file in shards.files)
    for stage, manifest in manifests.items():
        facts[f"bytes.{stage}"] = sum(file.bytes for file in manifest.files)
        facts[f"seconds.{stage}"] = manifest.seconds
    predicted = prediction.model_dump()
    names = [name for group in ("counts", "bytes", "seconds") for name in _names(predicted, group)]
    return [
        Compared(name, _of(predicted, name), facts[name])
        for name in names
        if name in facts and (facts[name] or _of(predicted, name))
    ]


def _names(predicted: dict[str, Any], group: str) -> list[str]:
    return [f"{group}.{name}" for name in predicted[group]]


def _of(predicted: dict[str, Any], name: str) -> float:
    group, _, key = name.partition(".")
    return float(predicted[group][key])
