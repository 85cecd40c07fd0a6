"""Files that the settings of the tokens stage name, read once and passed to every task."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from w2v_core.config import TokenizeConfig
from w2v_core.io.filesystem import read_file
from w2v_core.io.word_list import read_word_list


@dataclass(frozen=True)
class TokenizerResources:
    """Stop words, sorted, and the bytes of a SentencePiece model; empty if none is named."""

    stop_words: tuple[str, ...] = ()
    model: bytes = b""

    @classmethod
    def read(cls, config: TokenizeConfig) -> "TokenizerResources":
        """Read the files. Raises UserError for a file that is missing or has other content."""
        stop_words: tuple[str, ...] = ()
        if config.stop_words is not None:
            stop_words = read_word_list(config.stop_words, "tokenize.stop_words")
        model = b"" if config.model is None else read_file(config.model, "tokenize.model")
        return cls(stop_words, model)

    def identity(self) -> dict[str, Any]:
        """Return what identifies these files for a fingerprint; empty if none is named."""
        identity: dict[str, Any] = {"stop_words": list(self.stop_words)} if self.stop_words else {}
        return identity | ({"model": sha256(self.model).hexdigest()} if self.model else {})
