"""Which engine trains, and what it needs before it can."""

import platform
import re
import threading
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from w2v_core.config import TrainConfig
from w2v_core.errors import UserError
from w2v_core.io.events import log_event

EngineName = Literal["numpy", "compiled"]


def choose_engine(
    wanted: Literal["auto", "numpy", "compiled"], started_with: EngineName | None = None
) -> EngineName:
    """The engine that `train.engine` means here. UserError where it is not installed.

    "auto" is the compiled engine where Numba is installed; an unfinished training goes on with the one it
    `started_with`.
    """
    has_numba = find_spec("numba") is not None
    name = wanted
    if name == "auto":
        name = started_with or ("compiled" if has_numba else "numpy")
    if name == "compiled" and not has_numba:
        raise UserError(
            "train.engine = compiled needs Numba, which is not installed: `pip install 'w2v[fast]'`, or set "
            "train.engine=numpy"
        )
    return name


COMPILED_ALPHA = {0: 0.06, 1: 0.04}
COMPILED_FALL = 10
"""Where train.alpha is absent, the compiled engine begins at these learning rates for CBOW and skip-gram, and where
train.min_alpha is absent too, ends at a tenth. Its rows see the steps of the rows before them, and each step is shorter
for it. With 0.05 and 0.025, falling to 0.0001, it scores 1 to 2 points below gensim, whose `corpus_file` mode with two
workers lets its own rate fall by half as much (benchmarks/results/2026-12-01-compiled.md)."""


def with_default_alpha(config: TrainConfig, engine: EngineName) -> TrainConfig:
    """Return the settings with the learning rates that `engine` takes where none is given."""
    if config.alpha is not None or engine == "numpy":
        return config
    alpha = max(COMPILED_ALPHA[config.sg], config.min_alpha)
    given = "min_alpha" in config.model_fields_set
    min_alpha = config.min_alpha if given else alpha / COMPILED_FALL
    return config.model_copy(update={"alpha": alpha, "min_alpha": min_alpha})


def processor_name() -> str:
    """The processor's name as the system has it; its architecture where it has none."""
    with suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found.group(1).strip()
    return platform.processor() or platform.machine()


SLOW_SECONDS = 1.5


def prepare_kernels(config: TrainConfig) -> None:
    """Compile the training loop of `config`, or load it where an earlier run has left it on disk.

    Says so in the log where that takes longer than loading does.
    """
    from w2v_core.training.engine.compiled import kernels_for

    model = "skip-gram" if config.sg else "CBOW"
    message = (
        f"vectors: compiling the training loop for {model}, {config.vector_size} dimensions; once, about 10 s"
    )
    timer = threading.Timer(SLOW_SECONDS, log_event, (message, "engine_compiling"))
    timer.daemon = True
    timer.start()
    try:
        kernels_for(config)
    finally:
        timer.cancel()
