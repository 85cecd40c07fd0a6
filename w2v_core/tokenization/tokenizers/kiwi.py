"""Korean morphemes by Kiwi: exact, with contractions taken apart (갔다 is 가 었 다), and slow."""

from functools import cache

from w2v_core.tokenization.tokenizers.analyser import Analyse

PACKAGES = ("kiwipiepy", "kiwipiepy-model")


@cache
def analyser() -> Analyse:
    """Return the function from a text to its morphemes. Each process has one, of about 700 MB."""
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1)
    return lambda text: [token.form for token in kiwi.tokenize(text)]
