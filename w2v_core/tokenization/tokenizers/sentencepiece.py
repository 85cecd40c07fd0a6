"""The pieces of a SentencePiece model: any language, a vocabulary of a fixed size, `▁` where a word begins."""

from w2v_core.errors import InputError
from w2v_core.tokenization.tokenizers.protocol import Tokenizer, token_lists

PACKAGES = ("sentencepiece",)


def tokenizer(model: bytes, location: str | None) -> Tokenizer:
    """Return the tokenizer of `model`, the content of a `.model` file. Raises UserError if it is not a model."""
    import sentencepiece

    try:
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    except RuntimeError:
        raise InputError(
            f"tokenize.model = {location} is not a SentencePiece model; name a .model file"
        ) from None
    return lambda lines: token_lists(processor.encode(lines.to_pylist(), out_type=str))
