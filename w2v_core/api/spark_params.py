"""Parameters of the Spark estimator and its model: MLlib's by MLlib's names and defaults, then ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCol, HasMaxIter, HasOutputCol, HasSeed, HasStepSize

from w2v_core.config import Config, load_config
from w2v_core.errors import ConfigError, InputError, RunError, UserError

TEXT_COLUMN = "text"
"""The column of the tokens stage's input, `tokenize.column`, whatever `inputCol` is."""

KEYS = {
    "vectorSize": ("train.vector_size",),
    "minCount": ("vocab.min_count",),
    "stepSize": ("train.alpha",),
    "maxIter": ("train.epochs",),
    "seed": ("shards.seed", "train.seed"),
    "windowSize": ("shards.window",),
    "sg": ("train.sg",),
    "negative": ("train.negative",),
    "sample": ("vocab.sample",),
    "nsExponent": ("vocab.ns_exponent",),
    "workers": ("train.workers",),
}
"""The settings that each parameter sets."""

_PARAM_OF = {key: name for name, keys in KEYS.items() for key in keys}
_SECTIONS = ("tokenize", "phrases", "vocab", "shards", "train")
_FIXED = {f"tokenize.{key}" for key in ("column", "format", "missing_column", "split_bytes", "weight_column")}
_MIN_ALPHA = 0.0001


def _param(name: str, doc: str, convert: Any) -> Param[Any]:
    return Param(Params._dummy(), name, doc, typeConverter=convert)


class Word2VecParams(HasStepSize, HasMaxIter, HasSeed, HasInputCol, HasOutputCol):
    """The parameters of `Word2Vec` and `Word2VecModel`."""

    vectorSize = _param("vectorSize", "dimensions of a vector", TypeConverters.toInt)
    minCount = _param("minCount", "rarer words get no vector; 0 is 1", TypeConverters.toInt)
    numPartitions = _param(
        "numPartitions",
        "partitions that the rows are read in, if set; never changes the vectors",
        TypeConverters.toInt,
    )
    windowSize = _param("windowSize", "words on each side that count as context", TypeConverters.toInt)
    maxSentenceLength = _param(
        "maxSentenceLength",
        "longer lists of words are cut into sentences of this length",
        TypeConverters.toInt,
    )
    sg = _param("sg", "1: skip-gram, as MLlib; 0: CBOW", TypeConverters.toInt)
    negative = _param("negative", "noise words for each prediction", TypeConverters.toInt)
    sample = _param(
        "sample",
        "subsample words above about 2.6 times this share of the text; 0: never",
        TypeConverters.toFloat,
    )
    nsExponent = _param("nsExponent", "noise words are drawn by count ** nsExponent", TypeConverters.toFloat)
    workers = _param(
        "workers", "threads that train; by default one a core, and only 1 is repeatable", TypeConverters.toInt
    )
    runDir = _param(
        "runDir",
        "folder, visible to all executors, in which each fit makes a run directory; by default temporary",
        TypeConverters.toString,
    )
    settings = _param("settings", "further settings, each as section.key=value", TypeConverters.toListString)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(
            vectorSize=100,
            minCount=5,
            numPartitions=1,
            stepSize=0.025,
            maxIter=1,
            seed=1,
            windowSize=5,
            maxSentenceLength=1000,
            sg=1,
            negative=5,
            sample=0.0,
            nsExponent=0.75,
            workers=None,
            runDir=None,
            settings=[],
        )

    def getVectorSize(self) -> int:
        """Return `vectorSize`."""
        return int(self.getOrDefault(self.vectorSize))

    def getMinCount(self) -> int:
        """Return `minCount`."""
        return int(self.getOrDefault(self.minCount))

    def getNumPartitions(self) -> int:
        """Return `numPartitions`."""
        return int(self.getOrDefault(self.numPartitions))

    def getWindowSize(self) -> int:
        """Return `windowSize`."""
        return int(self.getOrDefault(self.windowSize))

    def getMaxSentenceLength(self) -> int:
        """Return `maxSentenceLength`."""
        return int(self.getOrDefault(self.maxSentenceLength))

    def getSg(self) -> int:
        """Return `sg`."""
        return int(self.getOrDefault(self.sg))

    def getNegative(self) -> int:
        """Return `negative`."""
        return int(self.getOrDefault(self.negative))

    def getSample(self) -> float:
        """Return `sample`."""
        return float(self.getOrDefault(self.sample))

    def getNsExponent(self) -> float:
        """Return `nsExponent`."""
        return float(self.getOrDefault(self.nsExponent))

    def getWorkers(self) -> int | None:
        """Return `workers`, None for one a core."""
        workers: int | None = self.getOrDefault(self.workers)
        return workers

    def getRunDir(self) -> str | None:
        """Return `runDir`, None for a temporary folder."""
        run_dir: str | None = self.getOrDefault(self.runDir)
        return run_dir

    def getSettings(self) -> list[str]:
        """Return `settings`."""
        return list(self.getOrDefault(self.settings))

    def config(self) -> Config:
        """Return these parameters as the configuration of the stages. Raises ConfigError for a value out of range."""
        values = {name: self.getOrDefault(self.getParam(name)) for name in KEYS}
        values["seed"] %= 2**63  # MLlib's may be negative
        values["minCount"] = values["minCount"] or 1
        if values["workers"] is None:
            del values["workers"]
        further = self.getSettings()
        for setting in further:
            _check_setting(setting)
        overrides = [f"{key}={value!r}" for name, value in values.items() for key in KEYS[name]]
        lowest = f"train.min_alpha={min(_MIN_ALPHA, values['stepSize'])!r}"
        with parameter_names():
            return load_config(None, [lowest, *further, *overrides])


def _check_setting(setting: str) -> None:
    """Raise ConfigError for a setting that a parameter sets, or that `fit` does not use."""
    key, equals, _ = setting.partition("=")
    key = key.strip()
    section, dot, _ = key.partition(".")
    if not (equals and dot):
        raise ConfigError(
            f"settings: {setting!r}: expected section.key=value. Write for example 'train.heldout_rows=0'."
        )
    if key in _PARAM_OF:
        raise ConfigError(f"settings: {key} is the parameter {_PARAM_OF[key]}. Set that instead.")
    if section not in _SECTIONS or key in _FIXED:
        raise ConfigError(
            f"settings: {key} has no effect on fit: expected a key of {', '.join(_SECTIONS)} that does not locate the "
            "input. Leave it out."
        )


@contextmanager
def parameter_names() -> Iterator[None]:
    """Raise errors of the stages with the names of parameters in place of the settings that they set."""
    try:
        yield
    except UserError as error:
        message = _KEY.sub(lambda found: _PARAM_OF[found.group()], str(error))
        kind = type(error) if type(error) in (ConfigError, InputError, RunError) else UserError
        raise kind(message) from error.__cause__


_KEY = re.compile("|".join(rf"\b{re.escape(key)}\b" for key in _PARAM_OF))
