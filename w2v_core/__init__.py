"""Word and item embeddings from corpora too large for one machine's Python.

    raw text ─▶ tokens (─▶ phrases) ─▶ vocab ─▶ shards ─▶ vectors ─▶ evaluate, report, neighbors, analogy, export, embed

Science packages compute: `readers`, `tokenization`, `vocabulary`, `phrases`, `shards`, `reference`, `training`,
`vectors`, `evaluation`, `documents`, `planning`, `report`, `registry`, `nightly`. `pipeline` composes them into stages,
`executors` run the tasks of a stage, and `cli` parses and prints.

    from w2v_core import WordVectors

    vectors = WordVectors.load("my-run/vectors")
    vectors.most_similar(["king", "woman"], negative=["man"], topn=1)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2v_core.vectors.word_vectors import WordVectors

__version__ = "0.1.0"
__all__ = ["WordVectors", "__version__"]


def __getattr__(name: str) -> Any:
    """Load `WordVectors` on first use, so that a worker process that never uses it does not pay for it."""
    if name == "WordVectors":
        return import_module("w2v_core.vectors.word_vectors").WordVectors
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
