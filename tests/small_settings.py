"""Settings for small corpora, as many tests want them."""

from w2v_core.config import Config, load_config

SMALL = (
    "vocab.min_count=2",
    "vocab.sample=0.05",
    "shards.window=2",
    "train.epochs=2",
    "train.vector_size=8",
    "train.workers=1",
)


def small_config(*settings: str) -> Config:
    """A configuration for small corpora, with `settings` over it."""
    return load_config(None, [*SMALL, *settings])
