"""The demo's corpus: what comes out of small package trees written here, and what is lost by whose fault."""

import os
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.errors import UserError
from w2v_core.pipeline.demo_corpus import (
    FILES_PER_TASK,
    ModuleText,
    default_roots,
    docstrings_of,
    find_sources,
    paragraphs_of,
    read_module,
    write_corpus,
)


def write_tree(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def module(text: str) -> str:
    return f'"""{text}"""\n'


# -- paragraphs ------------------------------------------------------------------------------------------


def test_a_paragraph_becomes_one_line_with_single_spaces() -> None:
    text = "Read a\tfile\n    into   rows.\n    \t\n\n    Raise OSError,\n    or not.\n    "
    assert list(paragraphs_of(text)) == ["Read a file into rows.", "Raise OSError, or not."]


def test_a_doctest_is_dropped_to_the_end_of_its_paragraph_only() -> None:
    text = "Add two.\n>>> add(1, 2)\n3\n\n    >>> add(0, 0)\n    0\n\nThen x >>> 3 shifts."
    assert list(paragraphs_of(text)) == ["Add two.", "Then x >>> 3 shifts."]


def test_a_paragraph_without_letter_or_digit_is_dropped() -> None:
    assert list(paragraphs_of("-----\n\n___\n\n서울")) == ["서울"]


@given(st.text(alphabet=st.sampled_from("a1.\n\r\t \x0b\x1c\x85\u2028\u00a0>")))
def test_a_paragraph_never_holds_a_line_break_and_never_is_empty(text: str) -> None:
    for line in paragraphs_of(text):
        assert line.split() == line.split(" ")
        assert len(line.splitlines()) == 1


# -- docstrings ------------------------------------------------------------------------------------------


def test_docstrings_come_in_order_of_place_from_wherever_a_definition_can_stand() -> None:
    source = '''"""1"""
class A:
    """2"""
    def f(self):
        """3"""
        class B:
            """4"""
try:
    async def g():
        """5"""
except ImportError:
    def g():
        """6"""
else:
    with x:
        def h(): "7"
match x:
    case 1:
        def i(): "8"
"""no docstring"""
def j():
    x = 1
    """no docstring"""
'''
    assert list(docstrings_of(source)) == list("12345678")


def test_a_long_chain_of_elif_is_read() -> None:
    chain = "if x == 0: pass\n" + "".join(f"elif x == {n}: pass\n" for n in range(1, 1500))
    assert list(docstrings_of(f'{chain}else:\n    def f(): "deep"\n')) == ["deep"]


def test_invalid_escapes_of_others_do_not_warn() -> None:
    assert list(docstrings_of('"""A \\d regular expression."""')) == ["A \\d regular expression."]


# -- files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"print 'two'\n", "unparsable"),
        (b"x = 1\0", "unparsable"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "unparsable"),
        (b'"""caf\xe9"""\n', "undecodable"),
        (b'\n\n"""caf\xe9"""\n', "undecodable"),  # past the lines where a coding may be declared
        (b'# coding: klingon\n"""Qapla."""\n', "undecodable"),
    ],
)
def test_a_file_at_fault_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    write_tree(tmp_path, {"bad.py": content})
    assert read_module(tmp_path / "bad.py") == ModuleText(0, (), skipped=reason)


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    assert read_module(tmp_path / "gone.py").skipped == "unreadable"


def test_a_declared_coding_is_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"latin.py": b'# coding: latin-1\n"""caf\xe9"""\n'})
    assert read_module(tmp_path / "latin.py") == ModuleText(1, ["café"])


def test_sources_go_by_root_then_path_without_tests_caches_and_the_other_root(tmp_path: Path) -> None:
    library = write_tree(
        tmp_path / "lib",
        dict.fromkeys(("z.py", "a/__init__.py", "a/b.py", "a.py", "A.py", "notes.txt", "c.pyc"), "")
        | {f"{folder}/x.py": "" for folder in ("tests", "test", "a/tests", "__pycache__", ".git")},
    )
    packages = write_tree(library / "site-packages", {"p/q.py": "", "p/tests/r.py": ""})
    names = [str(source.relative_to(library)) for source in find_sources([library, packages])]
    assert names == ["A.py", "a.py", "a/__init__.py", "a/b.py", "z.py", "site-packages/p/q.py"]


def test_default_roots_are_the_standard_library_then_the_installed_packages() -> None:
    library, packages = default_roots()[:2]
    assert (library / "json" / "__init__.py").is_file()
    assert (packages / "hypothesis" / "__init__.py").is_file()
    assert len(set(default_roots())) == len(default_roots())


# -- corpus ----------------------------------------------------------------------------------------------


def test_a_corpus_is_written_and_accounted_for(tmp_path: Path) -> None:
    library = write_tree(tmp_path / "lib", {"b.py": module("Shared.\n\nB."), "a.py": module("A é \\ud800.")})
    packages = write_tree(
        tmp_path / "packages", {"c.py": module("Shared.\n\nC.\n\nC."), "d.py": "x = 1", "e.py": "1 +"}
    )
    corpus = tmp_path / "new" / "corpus.txt"

    summary = write_corpus(corpus, roots=[library, packages])

    assert corpus.read_text(encoding="utf-8") == "A é ?.\nShared.\nB.\nC.\n"
    assert summary.modules == 4
    assert summary.docstrings == 3
    assert summary.lines == 4
    assert summary.duplicates == 2
    assert summary.bytes == corpus.stat().st_size == 22
    assert summary.skipped_files == {"unparsable": 1}


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    files = {f"m{n}.py": module(f"Module {n % 20}.\n\nNumber {n}.") for n in range(2 * FILES_PER_TASK + 1)}
    root = write_tree(tmp_path / "lib", files | {"bad.py": "1 +"})
    summaries = [write_corpus(tmp_path / f"{n}.txt", roots=[root], workers=n) for n in (1, 2, 3)]
    corpora = {(tmp_path / f"{n}.txt").read_bytes() for n in (1, 2, 3)}
    assert len(corpora) == 1
    assert summaries[0] == summaries[1] == summaries[2]
    assert summaries[0].modules + sum(summaries[0].skipped_files.values()) == len(files) + 1


def test_progress_counts_files_to_the_end(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "lib", {"a.py": module("A."), "b.py": "1 +"})
    seen: list[tuple[int, int]] = []
    write_corpus(tmp_path / "c.txt", roots=[root], on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_an_interruption_leaves_the_old_corpus_and_nothing_else(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "lib", {"a.py": module("A."), "b.py": module("B.")})
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "corpus.txt").write_text("old\n")

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_corpus(folder / "corpus.txt", roots=[root], on_progress=interrupt)
    assert (folder / "corpus.txt").read_text() == "old\n"
    assert os.listdir(folder) == ["corpus.txt"]  # noqa: PTH208  (hidden files too)


def test_no_docstring_at_all_is_the_users_to_mend(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "lib", {"a.py": "x = 1"})
    with pytest.raises(UserError, match=r"No docstring in 1 .*lib"):
        write_corpus(tmp_path / "corpus.txt", roots=[root])
    assert not (tmp_path / "corpus.txt").exists()


def test_a_root_that_is_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere is not a folder"):
        write_corpus(tmp_path / "corpus.txt", roots=[tmp_path / "nowhere"])


def test_workers_are_at_least_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"workers is 0"):
        write_corpus(tmp_path / "corpus.txt", roots=[write_tree(tmp_path, {"a.py": ""})], workers=0)


def test_the_standard_library_is_a_corpus(tmp_path: Path) -> None:
    package = Path(sysconfig.get_paths()["stdlib"]) / "json"
    summary = write_corpus(tmp_path / "corpus.txt", roots=[package])
    assert summary.skipped_files == {}
    assert "JSON (JavaScript Object Notation)" in (tmp_path / "corpus.txt").read_text(encoding="utf-8")
