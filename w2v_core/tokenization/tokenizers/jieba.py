"""Chinese words by jieba's dictionary and model, in its Rust form, rjieba."""

from w2v_core.tokenization.tokenizers.analyser import Analyse

PACKAGES = ("rjieba",)


def analyser() -> Analyse:
    """Return the function from a text to its words."""
    import rjieba

    cut: Analyse = rjieba.cut
    return cut
