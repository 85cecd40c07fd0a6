"""word2vec for corpora too large for one machine's Python.

    raw text ─▶ tokens (─▶ phrases) ─▶ vocab ─▶ shards ─▶ vectors ─▶ evaluate, report, neighbors, analogy, export, embed

The Spark stages (tokens, phrases, vocab, shards) are driven by `jobs/`; everything they compute, and the whole of
training, lives here and never imports pyspark. Read the modules in the order of the flow: `config`,
`schemas`, `run_dir`, `text`, `phrases`, `windows`, `sampler`, `vocab`, `shards`, `layers`, `models`, `engine`,
`training`, `plan`, `export`, `vectors`, `documents`, `evaluation`, `model_store`, `report`, `night`. A module imports
only from those before it.

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
    """Load `WordVectors` on first use, so that a Spark worker that never asks for it does not pay for it."""
    if name == "WordVectors":
        return import_module("w2v_core.vectors.word_vectors").WordVectors
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
