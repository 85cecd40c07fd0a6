"""Japanese words by MeCab, through fugashi, with the small UniDic."""

from functools import cache

from w2v_core.tokenization.tokenizers.analyser import Analyse

PACKAGES = ("fugashi", "unidic-lite")


@cache
def analyser() -> Analyse:
    """Return the function from a text to its words; each process has one."""
    import fugashi
    import unidic_lite

    tagger = fugashi.Tagger(f'-Owakati -d "{unidic_lite.DICDIR}"')
    return lambda text: tagger.parse(text).split()
