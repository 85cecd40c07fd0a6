"""Which executor runs the tasks."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from w2v_core.config import Config
from w2v_core.executors.base import Executor, Watch, unwatched
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.spark import SparkExecutor, is_under_spark_submit
from w2v_core.io.events import log_event


def executor_name(config: Config) -> Literal["local", "spark"]:
    """Return the executor that `executor.name` names.

    Without a name it is Spark under spark-submit and where `spark.master` is set, and else this machine's processes.
    """
    if config.executor.name is not None:
        return config.executor.name
    return "spark" if is_under_spark_submit() or config.spark.master is not None else "local"


def choose_executor(
    config: Config,
    watch: Watch = unwatched,
    capture: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Executor:
    """Return the executor that `executor_name` chooses."""
    if executor_name(config) == "spark":
        return SparkExecutor(config.spark, watch, capture)
    if config.spark.conf:
        log_event(
            "spark.conf is set and not used, as this machine's processes run the tasks. Add --executor spark.",
            "spark_conf_unused",
            "warning",
        )
    return LocalExecutor(config.executor.workers, config.executor.temp_dir, watch)
