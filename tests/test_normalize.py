"""What a line goes through beside its tokenizer: spelling, addresses, sentences, filters; each with its count."""

import re
import unicodedata
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.io.word_list import read_word_list
from w2v_core.readers.splits import find_files, plan_splits
from w2v_core.tokenization.filters import filter_tokens
from w2v_core.tokenization.fold_addresses import fold_addresses
from w2v_core.tokenization.normalize import COUNTERS, Rules, normalize, strip_accents
from w2v_core.tokenization.sentences import split_sentences
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.tokenization.tokenizers import load_tokenizer, spelling

# Characters that compose with one another, or become another, or several, or none.
ODD = (
    "aA\u0301\u0308\u00c4\u00df\u03a3\u03c3\u03f9\u0663\uff17\ufb01\uff76\uff9e\u1100\u1161\u11a8\uac00"
    "\u3131\uffc2\u3260\u00ad\u200c\u200d\u0130\u0307\u030cJi'. \u0e19\u0e33\u0e49\u0e4d\u0e32\u0eb3"
    "\u0ecd\u0eb2\u0628\u064e\u062f\u0d9a\u0dca\u0dbb\U0001f469\ufe0f"
)
LINES = st.lists(st.text(st.sampled_from(ODD), max_size=8) | st.text(), max_size=8)
RULES = st.builds(
    Rules, form=st.sampled_from(["NFC", "NFKC", "none"]), strip_accents=..., lower=..., digits_to_zero=...
)


def normalized(lines: list[str], rules: Rules) -> tuple[list[str], dict[str, int]]:
    counters: Counter[str] = Counter()
    return normalize(pa.array(lines, pa.string()), rules, counters).to_pylist(), dict(counters)


@settings(deadline=None)  # the table of some rules is made when they are first used
@given(LINES, RULES)
def test_many_lines_by_bytes_are_spelled_as_each_line_by_its_functions(lines, rules):
    assert normalized(lines, rules)[0] == [rules.apply(line) for line in lines]


@settings(deadline=None)
@given(LINES, RULES)
def test_a_line_that_is_normalized_stays_as_it_is(lines, rules):
    once = normalized(lines, rules)[0]
    assert normalized(once, rules)[0] == once


WORD_IN_LINE = st.text(
    st.sampled_from("ΣΑσςaI\u0130\u0301\u0307İ서ㅋะำ\u0e49\u0e4d\u0e32می\u200cශ\u0dca\u200d"), min_size=1
)


@settings(deadline=None, max_examples=500)
@given(
    st.lists(WORD_IN_LINE, min_size=1), st.sampled_from([" ", ".", "'", "’", "·", ":", "-", "_", "\u00a8"])
)
def test_a_word_in_a_line_is_the_word_alone(words, between):
    """Final sigma, composition and joiners look no further than the word."""
    config = TokenizeConfig()
    tokenize, rules = load_tokenizer(config), spelling(config)
    together = tokenize(pa.array([rules.apply(between.join(words))])).to_pylist()[0]
    alone = [token for word in words for token in tokenize(pa.array([rules.apply(word)])).to_pylist()[0]]
    assert together == alone


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_no_character_becomes_hangul_that_no_keyboard_writes(form):
    conjoining = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
    rules = Rules(form=form)
    made = [
        c
        for c in map(chr, range(0x20000))
        if not "\ud800" <= c <= "\udfff" and conjoining.search(rules.apply(c))
    ]
    assert all(conjoining.match(c) or unicodedata.normalize(form, c) == c for c in made)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ㅋㅋㅠㅠ", "ㅋㅋㅠㅠ"),
        ("ﾡￂ ㈀ ㉠ ㈎", "ㄱㅏ (ㄱ) ㄱ (가)"),
        ("가ㄳ", "가ㄳ"),
        ("\u1112\u1161\u11ab", "한"),
        (
            "น\u0e4d\u0e49\u0e32 น\u0e49\u0e4d\u0e32 น\u0e33\u0e49 น\u0e49\u0e33",
            " ".join(["น\u0e49\u0e33"] * 4),
        ),
        ("ນ\u0ecd\u0ec9\u0eb2 ໜ", "ນ\u0ec9\u0eb3 ໜ"),
        ("և ŉ ǆ ﬁ ½", "և ʼn dž fi 1⁄2"),
        ("ی\u200cخ د\u200cا x\u200cy ه\u200c ه\u200c\u200cا", "ی\u200cخ دا xy ه ه\u200cا"),
        ("ක\u0dca\u200dර ක\u0dca\u200d ක\u200d a\u200db", "ක\u0dca\u200dර ක\u0dca\u200d ක ab"),
        ("👩\u200d👧 👩\u200d ❤\ufe0f\u200d🔥", "👩\u200d👧 👩 ❤\u200d🔥"),
    ],
)
def test_letters_stay_as_keyboards_write_them(line, expected):
    assert normalized([line], Rules(form="NFKC"))[0] == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("İSTANBUL I i\u0307 I\u0307", "istanbul i i i"),
        ("ΟΔΟΣ. ΟΔΟΣ’Α ΟΔΟΣ:Α Σ ΣΣ Οδος", "οδος. οδος’α οδος:α σ σς οδος"),
        ("GROẞ Straße", "groß straße"),
        ("J\u030c", "\u01f0"),
    ],
)
def test_lower_case_gives_what_keyboards_write(line, expected):
    assert normalized([line], Rules(form="NFC", lower=True))[0] == [expected]


@pytest.mark.parametrize(
    ("rules", "line", "expected", "counters"),
    [
        (Rules(), "Ä①７ x", "Ä①７ x", {}),
        (Rules(form="NFC"), "ä ① co\u00adop", "ä ① coop", {"characters_normalized": 1}),
        (Rules(form="NFKC"), "①７ｶﾞ", "17ガ", {"characters_normalized": 4}),
        (Rules(strip_accents=True), "Zürich café Ёлка ñ", "Zurich cafe Елка n", {"accents_stripped": 4}),
        (Rules(strip_accents=True), "がパ हिन्दी 각", "がパ हिन्दी 각", {"accents_stripped": 0}),
        (Rules(lower=True), "ABC Ä ΣΑΣ 서울", "abc ä σας 서울", {"characters_lowered": 7}),
        (Rules(digits_to_zero=True), "1984 ٣ ７ ②", "0000 0 0 ②", {"digits_folded": 6}),
    ],
)
def test_a_spelling_and_its_count(rules, line, expected, counters):
    found, counted = normalized([line], rules)
    assert (found, counted) == ([expected], counters)


def test_accents_are_stripped_only_where_they_are_accents():
    decomposed = unicodedata.normalize("NFD", "é が")
    assert strip_accents(decomposed) == "e が"


# Addresses


def folded(line: str, url: str | None = None, email: str | None = None) -> tuple[list[str], dict[str, int]]:
    counters: Counter[str] = Counter()
    lines = fold_addresses(pa.array([line]), url, email, counters)
    return lines.to_pylist()[0].split(), dict(counters)


@pytest.mark.parametrize(
    ("line", "expected", "number"),
    [
        ("see https://example.org/a?b=c#d.", "see url .", 1),
        ("(www.example.org) and FTP://x.y/z!", "( url ) and url !", 2),
        ("서울은 http://서울.kr/길 에", "서울은 url 에", 1),
        ("no address: http is a word, www too", "no address: http is a word, www too", 0),
    ],
)
def test_urls_become_one_word(line, expected, number):
    assert folded(line, url="url") == (expected.split(), {"urls_folded": number} if number else {})


@pytest.mark.parametrize(
    ("line", "expected", "number"),
    [
        ("mail a.b+c@example.co.kr.", "mail email .", 1),
        ("<x@y.org>, z@w.com", "< email >, email", 2),
        ("an @mention and a@b", "an @mention and a@b", None),
    ],
)
def test_email_addresses_become_one_word(line, expected, number):
    found, counters = folded(line, email="email")
    assert (found, counters.get("emails_folded", 0)) == (expected.split(), number or 0)


def test_addresses_stay_where_nobody_asks():
    line = "a@b.org at https://b.org"
    assert folded(line) == (line.split(), {})


# Sentences


def test_sentences_are_what_stands_between_boundaries():
    boundary = re.compile(TokenizeConfig().sentence_boundary)
    lines = pa.array(["One. Two! Three", "", "3.5 percent", "가다。오다？ 보다"])
    sentences, line = split_sentences(lines, boundary)
    assert sentences.to_pylist() == ["One.", "Two!", "Three", "3.5 percent", "가다。", "오다？", " 보다"]
    assert line.tolist() == [0, 0, 0, 2, 3, 3, 3]


# Filters


@given(
    st.lists(st.lists(st.sampled_from(["the", "a", "서울", "long-word", "é", "of"]), max_size=6), max_size=8),
    st.sets(st.sampled_from(["the", "of", "x"])),
    st.integers(1, 3),
    st.none() | st.integers(3, 9),
)
def test_filters_equal_the_loop(lists, stop_words, shortest, longest):
    dropped: Counter[str] = Counter()
    given_lists = pa.array(lists, pa.list_(pa.string()))
    found = filter_tokens(given_lists, pa.array(sorted(stop_words), pa.string()), shortest, longest, dropped)
    expected, reasons = [], Counter()
    for tokens in lists:
        expected.append([])
        for token in tokens:
            if token in stop_words:
                reasons["stop_words"] += 1
            elif len(token) < shortest:
                reasons["too_short"] += 1
            elif longest is not None and len(token) > longest:
                reasons["too_long"] += 1
            else:
                expected[-1].append(token)
    assert found.to_pylist() == expected
    assert +dropped == reasons


# Other tokenizers


def tokens_of(line: str, **settings) -> list[str]:
    return load_tokenizer(TokenizeConfig(**settings))(pa.array([line])).to_pylist()[0]


def test_a_pattern_finds_tokens_and_a_group_is_the_token():
    assert tokens_of("C3PO, R2-D2", tokenizer="regex", pattern=r"\w+-?\w*") == ["C3PO", "R2-D2"]
    assert tokens_of("a:1 b:2 :3", tokenizer="regex", pattern=r"(\w*):\d") == ["a", "b"]


def test_character_ngrams_stay_within_a_word():
    assert tokens_of("東京都 x", tokenizer="char_ngrams") == ["東京", "東京都", "京都"]
    assert tokens_of("ab", tokenizer="char_ngrams", min_n=1, max_n=1) == ["a", "b"]


# All of it in a task


def test_every_step_is_counted_by_a_task(tmp_path):
    (tmp_path / "w.txt").write_text(
        "The CAFÉ of 1984. See https://x.org, x@y.org, Ｆｕｌｌ and extraordinary! A\n"
    )
    (tmp_path / "out").mkdir()
    config = TokenizeConfig(
        strip_accents=True,
        digits_to_zero=True,
        url_token="URL",
        email_token="EMAIL",
        stop_words="stop.txt",
        min_token_length=2,
        max_token_length=8,
        sentences="regex",
    )
    splits = plan_splits(find_files([str(tmp_path / "w.txt")]), 1 << 20)[0]
    task_result = tokenize_part(
        splits, config, TokenizerResources(("of", "the")), open_folder(str(tmp_path / "out")), 0
    )
    table = pq.read_table(tmp_path / "out" / task_result.temporary_name)
    assert table["tokens"].to_pylist() == [["cafe", "0000"], ["see", "url", "email", "full", "and"]]
    assert task_result.tokens.dropped == {"stop_words": 2, "too_short": 1, "too_long": 1}
    assert (task_result.tokens.read, task_result.tokens.kept) == (11, 7)
    counters = {name: task_result.counters[name] for name in (*COUNTERS, "urls_folded", "emails_folded")}
    assert counters == {
        "characters_normalized": 4,
        "accents_stripped": 1,
        "characters_lowered": 16,
        "digits_folded": 4,
        "urls_folded": 1,
        "emails_folded": 1,
    }


# A file of words


def test_a_list_of_words_is_a_set_with_one_order(tmp_path):
    path = tmp_path / "불용어.txt"
    path.write_text("\ufeffthe\n  of \n\n은\r\nthe\n", encoding="utf-8")
    assert read_word_list(str(path), "tokenize.stop_words") == ("of", "the", "은")


@pytest.mark.parametrize(
    ("data", "told"), [(None, "does not exist"), (b"\xff\xfe", "is not UTF-8"), (b" \n", "holds no word")]
)
def test_a_list_that_is_none_is_named_with_its_setting(tmp_path, data, told):
    path = tmp_path / "words.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UserError, match=rf"vocab.keep = .*words.txt {told}"):
        read_word_list(str(path), "vocab.keep")
