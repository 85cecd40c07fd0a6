"""A Spark DataFrame as files: Spark writes them, and this process collects no row."""

from importlib.util import find_spec
from typing import Any

from w2v_core.api.tables import missing_column
from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError, UserError
from w2v_core.io.filesystem import Folder
from w2v_core.readers.columns import configured_columns


def is_spark_frame(data: Any) -> bool:
    """Return whether `data` is a DataFrame of PySpark."""
    return type(data).__module__.startswith("pyspark.") and type(data).__name__ == "DataFrame"


def check_spark_frame(frame: Any, config: TokenizeConfig) -> None:
    """Raise UserError if PySpark is not installed, and InputError if the named column is missing."""
    if find_spec("pyspark") is None:
        raise UserError(
            "a Spark DataFrame needs PySpark, which is not installed here. Run `pip install 'w2v[spark]'`."
        )
    if config.column not in frame.columns:
        raise missing_column(config.column, list(frame.columns))


def write_spark_frame(frame: Any, config: TokenizeConfig, folder: Folder) -> None:
    """Write the named columns of a DataFrame to Parquet files in `folder`, which all executors must be able to write.

    Raises InputError for a folder of this machine on a cluster.
    """
    if folder.is_local and not _is_local(frame):
        raise InputError(
            f"run_dir = {folder.path} is on this machine, and the DataFrame is on a cluster. Give a run_dir that the "
            "executors can write, such as s3://bucket/run."
        )
    location = f"file://{folder.path}" if folder.is_local else str(folder)
    frame.select(*(frame[f"`{name}`"] for name in configured_columns(config))).write.mode(
        "overwrite"
    ).parquet(location)


def _is_local(frame: Any) -> bool:
    """Return whether Spark runs in this machine's processes. Spark Connect has no context to ask."""
    context = getattr(frame.sparkSession, "_sc", None)
    return context is not None and str(context.master).startswith("local")
