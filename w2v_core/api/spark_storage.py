"""Saved Spark models: a run without sentences and shards, and the metadata by which Spark finds the class.

MODEL/run.json, tokens/, vocab/, vectors/, phrases/    as in a run directory
MODEL/metadata/part-00000                              JSON in the form of pyspark.ml, written last
"""

import json
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pyspark.ml.util import DefaultParamsReader, MLReader, MLWriter
from pyspark.sql import SparkSession

from w2v_core.api.spark_documents import TOKENIZER_MODEL, TrainedRun, is_kept
from w2v_core.errors import RunError, UserError
from w2v_core.io.filesystem import Folder, access, open_folder
from w2v_core.registry.copy import chunks
from w2v_core.runs.artifacts import MANIFEST, MARKER
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.run_directory import RunDir

if TYPE_CHECKING:
    from w2v_core.api.spark import Word2VecModel

_METADATA, _PART = "metadata", "part-00000"
_MLLIB = "org.apache.spark.ml.feature.Word2VecModel"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class ModelWriter(MLWriter):
    """Saves a model at a path or a URI; `overwrite()` lets it replace a saved model."""

    def __init__(self, model: "Word2VecModel") -> None:
        super().__init__()
        self._model = model

    def save(self, path: str) -> None:
        """Save the model. Raises UserError where something else stands at `path`."""
        location = location_of(path, self.sparkSession)
        folder, source = open_folder(location), RunDir.open(self._model.location)
        is_itself = str(folder) == str(source.folder)
        if not is_itself:
            self._make_room(folder, path)
            with _removed_if_unfinished(folder):
                _copy_run(source, self._model.trained, location)
        elif not self.shouldOverwrite:
            raise _exists(path)
        _write_metadata(self._model, folder, self.sparkSession.version)

    def _make_room(self, folder: Folder, path: str) -> None:
        folder.reject_file(path)
        with access(path):
            folder.require_bucket()
            if folder.is_empty():
                return
            if not self.shouldOverwrite:
                raise _exists(path)
            if _METADATA not in folder.folders() and MARKER not in folder.sizes():
                raise UserError(
                    f"{path} is neither a model of Spark nor a run, and is not overwritten. Name a new folder."
                )
            folder.delete()


class ModelReader(MLReader["Word2VecModel"]):
    """Loads a model that `ModelWriter` saved."""

    def __init__(self, model_class: type["Word2VecModel"]) -> None:
        super().__init__()
        self._class = model_class

    def load(self, path: str) -> "Word2VecModel":
        """Return the model, which reads its vectors from `path`. Raises UserError for anything else that is there."""
        location = location_of(path, self.sparkSession)
        metadata = _read_metadata(open_folder(location), path, self._class)
        model = self._class(location)
        model._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(model, metadata)
        return model


def location_of(path: str, spark: SparkSession) -> str:
    """Return the location, as we spell it, of what Hadoop calls `path`.

    A path without a scheme is in Hadoop's default file system, where a Pipeline writes its own files.
    """
    if not _SCHEME.match(path):
        context = spark.sparkContext
        name = context._jvm.org.apache.hadoop.fs.Path(path)  # type: ignore[union-attr]
        path = name.getFileSystem(context._jsc.hadoopConfiguration()).makeQualified(name).toString()
    scheme, _, rest = path.partition(":")
    if scheme == "file":
        return re.sub("^/+", "/", rest)
    return f"s3:{rest}" if scheme in ("s3a", "s3n") else path


def _exists(path: str) -> UserError:
    return UserError(
        f"{path} exists: expected a new folder. Name another, or use write().overwrite().save(path)."
    )


@contextmanager
def _removed_if_unfinished(folder: Folder) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the fault that counts is the other
            folder.delete()
        raise


def _copy_run(source: RunDir, trained: TrainedRun, location: str) -> None:
    """Write the parts of a run that a model needs."""
    target = RunDir.create(location)
    for stage in ("tokens", "phrases", "vocab", "vectors"):
        manifest = source.manifest(stage)
        if manifest is None:
            continue
        folder = target.stage(stage)
        folder.create()
        for entry in manifest.files:
            if is_kept(stage, entry):
                _copy_file(source.stage(stage), folder, entry)
        if stage == "tokens" and trained.resources.model:
            folder.write_atomically(TOKENIZER_MODEL, trained.resources.model)
        folder.write_atomically(MANIFEST, manifest.model_dump_json(indent=2).encode())


def _copy_file(source: Folder, target: Folder, entry: FileEntry) -> None:
    crc32 = 0
    with target.filesystem.open_output_stream(target.file(entry.name), compression=None) as stream:
        for chunk in chunks(source, entry.name):
            crc32 = zlib.crc32(chunk, crc32)
            stream.write(chunk)
    if crc32 != entry.crc32:
        raise RunError(
            f"{source.file(entry.name)} is damaged: its manifest has another checksum; train again"
        )


def _write_metadata(model: "Word2VecModel", folder: Folder, spark_version: str) -> None:
    metadata = {
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "timestamp": round(time.time() * 1000),
        "sparkVersion": spark_version,
        "uid": model.uid,
        "paramMap": {param.name: value for param, value in model._paramMap.items()},
        "defaultParamMap": {param.name: value for param, value in model._defaultParamMap.items()},
    }
    inner = folder / _METADATA
    inner.create()
    inner.write_atomically(_PART, json.dumps(metadata).encode() + b"\n")
    inner.write_atomically("_SUCCESS", b"")


def _read_metadata(folder: Folder, path: str, model_class: type) -> dict[str, Any]:
    """Return the metadata of a saved model. Raises UserError where it is missing, damaged, or of another class."""
    with access(path):
        inner = folder / _METADATA
        name = next((name for name in sorted(inner.sizes()) if name.startswith(_PART)), None)
        data = None if name is None else inner.read(name)
    if data is None:
        raise UserError(
            f"{path} is not a saved Word2VecModel: it has no {_METADATA}/{_PART}. Name the folder that save() wrote, "
            "or open a run with Word2VecModel(run)."
        )
    try:
        metadata = json.loads(data)
        found = metadata["class"]
        metadata["uid"], metadata["paramMap"], metadata["defaultParamMap"], metadata["sparkVersion"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(
            f"{path}/{_METADATA}/{_PART} is damaged: expected the metadata of a model. Save it again."
        ) from None
    wanted = f"{model_class.__module__}.{model_class.__qualname__}"
    if found == _MLLIB:
        raise UserError(
            f"{path} was saved by MLlib. Load it with pyspark.ml.feature.Word2VecModel, or its vectors with "
            "w2v_core.WordVectors.load."
        )
    if found != wanted:
        raise UserError(f"{path} holds a {found}: expected a {wanted}. Load it with its own class.")
    return dict(metadata)
