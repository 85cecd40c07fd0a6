"""Word and item embeddings from corpora too large for one machine's Python.

    raw text ─▶ tokens (─▶ phrases) ─▶ vocab ─▶ shards ─▶ vectors ─▶ evaluate, report, neighbors, analogy, export, embed

Science packages compute: `readers`, `tokenization`, `vocabulary`, `phrases`, `shards`, `reference`, `training`,
`vectors`, `evaluation`, `documents`, `planning`, `report`, `registry`, `nightly`. `pipeline` composes them into stages,
`executors` run the tasks of a stage, `api` is their use from Python, and `cli` parses and prints.

    from w2v_core import Word2Vec

    model = Word2Vec(vector_size=100).fit(sentences)
    model.wv.most_similar(["king", "woman"], negative=["man"], topn=1)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2v_core.api.callbacks import Callback as Callback
    from w2v_core.api.callbacks import EarlyStopping as EarlyStopping
    from w2v_core.api.callbacks import EvaluateEachEpoch as EvaluateEachEpoch
    from w2v_core.api.pipeline import Pipeline as Pipeline
    from w2v_core.api.pipeline import plan as plan
    from w2v_core.api.pipeline import verify as verify
    from w2v_core.api.registry import ModelRegistry as ModelRegistry
    from w2v_core.api.scores import compare as compare
    from w2v_core.api.scores import evaluate as evaluate
    from w2v_core.api.word2vec import Word2Vec as Word2Vec
    from w2v_core.config import Config as Config
    from w2v_core.errors import AccountError as AccountError
    from w2v_core.errors import ConfigError as ConfigError
    from w2v_core.errors import InputError as InputError
    from w2v_core.errors import NotFittedError as NotFittedError
    from w2v_core.errors import RunError as RunError
    from w2v_core.errors import UserError as UserError
    from w2v_core.errors import W2VError as W2VError
    from w2v_core.vectors.word_vectors import UnknownWordError as UnknownWordError
    from w2v_core.vectors.word_vectors import WordVectors as WordVectors

__version__ = "0.1.0"

_MODULES = {
    "AccountError": "w2v_core.errors",
    "Callback": "w2v_core.api.callbacks",
    "Config": "w2v_core.config",
    "ConfigError": "w2v_core.errors",
    "EarlyStopping": "w2v_core.api.callbacks",
    "EvaluateEachEpoch": "w2v_core.api.callbacks",
    "InputError": "w2v_core.errors",
    "ModelRegistry": "w2v_core.api.registry",
    "NotFittedError": "w2v_core.errors",
    "Pipeline": "w2v_core.api.pipeline",
    "RunError": "w2v_core.errors",
    "UnknownWordError": "w2v_core.vectors.word_vectors",
    "UserError": "w2v_core.errors",
    "W2VError": "w2v_core.errors",
    "Word2Vec": "w2v_core.api.word2vec",
    "WordVectors": "w2v_core.vectors.word_vectors",
    "compare": "w2v_core.api.scores",
    "evaluate": "w2v_core.api.scores",
    "plan": "w2v_core.api.pipeline",
    "verify": "w2v_core.api.pipeline",
}
"""The module of each public name."""

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that a worker process that never uses it does not pay for it."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
