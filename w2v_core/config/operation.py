"""Settings of nightly runs and of what runs the tasks."""

from typing import Any, Literal

from pydantic import (
    Field,
    field_validator,
)

from w2v_core.config.section import Section


class GateConfig(Section):
    """What a candidate must pass before it becomes the current version; of a first version only what needs no other."""

    min_scores: dict[str, float] = Field(
        default_factory=dict,
        description='the least score of a set, by the name it is evaluated by, such as "wordsim353" = 0.6',
    )
    max_drop: float | None = Field(
        0.02,
        ge=0.0,
        le=2.0,
        description="how far any set's score may fall below current's; refused where the whole 95 % interval of the "
        "difference is beyond it",
    )
    max_heldout_loss: float | None = Field(None, gt=0.0, description="the most held-out loss, in nats a pair")
    max_loss_rise: float | None = Field(
        0.0,
        description="how far the held-out loss on the new text may rise over what current has on it before training",
    )
    min_known_tokens: float | None = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="share of the new text's tokens that current has words for; in another language few are",
    )
    max_new_words: float | None = Field(
        1.0, ge=0.0, description="words added, as a share of the words that there were"
    )
    min_neighbor_overlap: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description="mean share of a word's ten nearest that current and the candidate agree on: less is drift",
    )


class NightlyConfig(Section):
    """Settings of nightly runs beside those of their stages."""

    changed_files: Literal["refuse", "add"] = Field(
        "refuse",
        description="a file that was read before and now holds something else. refuse: stop and say so; add: read it "
        "as new, and what it still has of the old is counted twice",
    )
    reread: bool = Field(
        False,
        description="read every file to tell whether it changed, also where name, size and time are as they were",
    )
    predict: bool = Field(
        True,
        description="predict each nightly run from a sample before it starts, in a few seconds, and record the error",
    )
    keep_versions: int = Field(
        7,
        ge=2,
        description="versions that stay in the store: the newest, and always current and the one before it",
    )
    align: bool = Field(
        False,
        description="turn the new vectors onto current's (orthogonal Procrustes), so that both can be compared number "
        "by number",
    )
    lease_hours: float = Field(
        12.0,
        gt=0.0,
        le=24.0 * 30,
        description="with --only begin: another nightly run may begin after so long without --only finish",
    )


class ExecutorConfig(Section):
    """What runs the tasks of the stages before training."""

    name: Literal["local", "spark"] | None = Field(
        None,
        description="local: processes of this machine; spark: a Spark cluster. Absent: spark under spark-submit or "
        "where spark.master is set, else local",
    )
    workers: int | None = Field(
        None, ge=1, description="processes of the local executor. Absent: one for each core"
    )
    temp_dir: str | None = Field(
        None, min_length=1, description="folder for the local executor's shuffles. Absent: the system's"
    )


class SparkConfig(Section):
    """How Spark is started."""

    master: str | None = Field(
        None,
        min_length=1,
        description="Spark master, when not run by spark-submit; setting it selects Spark. Absent: local[*]",
    )
    conf: dict[str, str] = Field(
        default_factory=dict,
        description='further Spark settings, also under spark-submit, such as "spark.driver.memory" = "4g"',
    )

    @field_validator("conf", mode="before")
    @classmethod
    def _as_spark_spells_them(cls, conf: Any) -> Any:
        """Numbers and booleans as text: `--set spark.conf."spark.sql.shuffle.partitions"=8` is what people write."""
        if not isinstance(conf, dict):
            return conf
        return {
            key: str(value).lower() if isinstance(value, bool | int | float) else value
            for key, value in conf.items()
        }
