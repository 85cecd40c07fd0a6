"""One table of scripts: what each tokenizer makes of a line. docs/languages.md shows it."""

from typing import NamedTuple

COLUMNS: dict[str, dict[str, object]] = {
    "unicode_words": {},
    "whitespace": {"normal_form": "NFKC", "lower": True},
    "regex": {"pattern": r"\S+"},
    "char_ngrams": {"min_n": 2, "max_n": 2},
}
"""Tokenizers with their settings."""


class Row(NamedTuple):
    """A line, its tokens with each of COLUMNS, and those with the analysers of its language."""

    script: str
    line: str
    unicode_words: str
    whitespace: str
    regex: str
    char_ngrams: str
    analysers: dict[str, str]


TABLE = [
    Row(
        "Korean, single letters",
        "재밌다ㅋㅋㅋ 슬퍼ㅠㅠ",
        "재밌다ㅋㅋㅋ 슬퍼ㅠㅠ",
        "재밌다ㅋㅋㅋ 슬퍼ㅠㅠ",
        "재밌다ㅋㅋㅋ 슬퍼ㅠㅠ",
        "재밌 밌다 다ㅋ ㅋㅋ ㅋㅋ 슬퍼 퍼ㅠ ㅠㅠ",
        {"mecab_ko": "재밌 다 ㅋㅋㅋ 슬퍼 ㅠㅠ", "kiwi": "재밌 다 ㅋㅋㅋ 슬퍼 ㅠㅠ"},
    ),
    Row("Korean, half-width letters", "ﾡﾡ ￓￓ", "ㄱㄱ ㅜㅜ", "ㄱㄱ ㅜㅜ", "ㄱㄱ ㅜㅜ", "ㄱㄱ ㅜㅜ", {}),
    Row("Korean, decomposed", "한국", "한국", "한국", "한국", "한국", {"mecab_ko": "한국", "kiwi": "한국"}),
    Row(
        "Japanese, half-width",
        "ｶﾞｷﾞ ﾊﾟﾝ",
        "ガギ パン",
        "ガギ パン",
        "ガギ パン",
        "ガギ パン",
        {"fugashi": "ガギ パン"},
    ),
    Row(
        "Chinese, full-width Latin",
        "北京ＡＢＣ",
        "北京abc",
        "北京abc",
        "北京abc",
        "北京 京a ab bc",
        {"jieba": "北京 abc"},
    ),
    Row("Thai", "น้ำ ทำ", "น้ำ ทำ", "น้ำ ทำ", "น้ำ ทำ", "", {}),
    Row("Thai, SARA AM in two characters", "น\u0e4d้า น้\u0e4dา", "น้ำ น้ำ", "น้ำ น้ำ", "น้ำ น้ำ", "", {}),
    Row("Lao", "ນ້ຳ ໝາ", "ນ້ຳ ໝາ", "ນ້ຳ ໝາ", "ນ້ຳ ໝາ", "ໝາ", {}),
    Row("Hindi", "हिन्दी", "हिन्दी", "हिन्दी", "हिन्दी", "हिन् न्दी", {}),
    Row("Sinhala, joiner after a virama", "ශ්\u200dරී", "ශ්\u200dරී", "ශ්\u200dරී", "ශ්\u200dරී", "", {}),
    Row(
        "Bengali, joiner before a virama",
        "র\u200d্যাব",
        "র\u200d্যাব",
        "র\u200d্যাব",
        "র\u200d্যাব",
        "র\u200d্যা যাব",
        {},
    ),
    Row(
        "Persian, non-joiner",
        "می\u200cخواهم",
        "می\u200cخواهم",
        "می\u200cخواهم",
        "می\u200cخواهم",
        "می\u200c ی\u200cخ خو وا اه هم",
        {},
    ),
    Row("Persian, non-joiner without effect", "کار\u200cها", "کارها", "کارها", "کارها", "کا ار ره ها", {}),
    Row("Arabic, vowel marks", "كِتَابٌ", "كِتَابٌ", "كِتَابٌ", "كِتَابٌ", "كِتَ تَا ابٌ", {}),
    Row("Arabic, tatweel", "كـتاب", "كـتاب", "كـتاب", "كـتاب", "كـ ـت تا اب", {}),
    Row("Arabic, presentation forms", "ﻛﺘﺎﺏ ﻻ", "كتاب لا", "كتاب لا", "كتاب لا", "كت تا اب لا", {}),
    Row("Hebrew, points", "שָׁלוֹם", "שָׁלוֹם", "שָׁלוֹם", "שָׁלוֹם", "שָׁל לוֹ וֹם", {}),
    Row("Hebrew, presentation forms", "שׁﭏ", "שׁאל", "שׁאל", "שׁאל", "שׁא אל", {}),
    Row(
        "Vietnamese, decomposed",
        "pho\u031b\u0309 đu\u031bo\u031b\u0323c",
        "phở được",
        "phở được",
        "phở được",
        "ph hở đư ượ ợc",
        {},
    ),
    Row(
        "Turkish",
        "İstanbul ISPARTA",
        "istanbul isparta",
        "istanbul isparta",
        "istanbul isparta",
        "is st ta an nb bu ul is sp pa ar rt ta",
        {},
    ),
    Row(
        "Greek, final sigma",
        "ΟΔΟΣ’ ΟΔΟΣ.",
        "οδος οδος",
        "οδος’ οδος.",
        "οδος’ οδος.",
        "οδ δο ος ς’ οδ δο ος ς.",
        {},
    ),
    Row("German", "Straße GROẞ", "straße groß", "straße groß", "straße groß", "st tr ra aß ße gr ro oß", {}),
    Row("Armenian", "Բարև", "բարև", "բարև", "բարև", "բա ար րև", {}),
    Row("Croatian, digraph", "ǆep", "džep", "džep", "džep", "dž že ep", {}),
    Row("Latin, ligature and superscript", "ﬁx x²", "fix x2", "fix x2", "fix x2", "fi ix x2", {}),
    Row("Latin, full-width", "Ｗｏｒｄ２", "word2", "word2", "word2", "wo or rd d2", {}),
    Row(
        "Emoji, joined",
        "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈",
        "",
        "👩\u200d👩\u200d👧 🏳\u200d🌈",
        "👩\u200d👩\u200d👧 🏳\u200d🌈",
        "",
        {},
    ),
    Row("Emoji, skin tone and flag", "👍🏽 🇰🇷🇯🇵", "", "👍🏽 🇰🇷🇯🇵", "👍🏽 🇰🇷🇯🇵", "🇰🇷🇯🇵", {}),
    Row(
        "Emoji, variation selector and keycap",
        "❤\ufe0f 1\ufe0f\u20e3",
        "1\u20e3",
        "❤ 1\u20e3",
        "❤ 1\u20e3",
        "",
        {},
    ),
]


def markdown() -> list[str]:
    """The table as the page shows it."""
    shown = ["`unicode_words`", "`whitespace`, NFKC, lower", "`regex`, `\\S+`", "`char_ngrams`, 2"]
    lines = [f"| script | line | {' | '.join(shown)} | analysers |", "|---" * 7 + "|"]
    for row in TABLE:
        analysers = "; ".join(f"`{name}` {tokens}" for name, tokens in row.analysers.items())
        lines.append(
            f"| {' | '.join([*row[:6], analysers])} |".replace("|  |", "| – |").replace("|  |", "| – |")
        )
    return lines
