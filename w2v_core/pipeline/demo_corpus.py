"""The demo's corpus: the docstrings of the standard library and the installed packages.

    roots ──find──▶ sources (.py) ──ast──▶ docstrings ──split──▶ paragraphs ──drop repeats──▶ one line each

    summary = write_corpus(Path("docstrings.txt"))
    print(f"{summary.lines:,} paragraphs from {summary.modules:,} modules")

Sources are parsed, never imported, so nothing of theirs runs and no network is needed. The same sources
under the same Python give the same bytes, whatever the number of workers.
"""

import ast
import importlib.util
import multiprocessing
import os
import re
import sysconfig
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from w2v_core.errors import UserError

# Another root's folders, and tests: those take more than half of the parsing time and hold 6 % of the words.
SKIPPED_FOLDERS = frozenset({"__pycache__", "site-packages", "dist-packages", "test", "tests"})
FILES_PER_TASK = 16  # few enough that two workers end together, enough that sending them costs nothing

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)  # what a definition can stand in; expressions cannot
BLANK_LINES = re.compile(r"\n\s*\n")
DOCTEST = re.compile(r"^\s*>>>.*", re.MULTILINE | re.DOTALL)  # from the first prompt to the end
LETTER_OR_DIGIT = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class CorpusSummary:
    """Counts of what `write_corpus` wrote and skipped; modules + sum(skipped_files.values()) = files found."""

    modules: int  # files parsed, with docstrings or without
    docstrings: int
    lines: int  # paragraphs written
    duplicates: int  # paragraphs left out because an earlier one is identical
    bytes: int  # size of the file, UTF-8
    skipped_files: Mapping[str, int]  # files by reason: "unreadable", "undecodable", "unparsable"


class ModuleText(NamedTuple):
    """The paragraphs of one source file; `skipped` is the reason if there are none, else None."""

    num_docstrings: int
    paragraphs: Sequence[str]
    skipped: str | None = None


def _say_nothing(_done: int, _total: int) -> None: ...


def default_roots() -> list[Path]:
    """The running interpreter's standard library, then its site-packages; folders that exist, once each."""
    paths = sysconfig.get_paths()
    folders = (Path(paths[name]).resolve() for name in ("stdlib", "purelib", "platlib"))
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def write_corpus(
    path: Path,
    *,
    roots: Sequence[Path] | None = None,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = _say_nothing,
) -> CorpusSummary:
    """Write the paragraphs of all docstrings under `roots`, one a line, in UTF-8, each distinct one once.

    Roots keep their order, files in a root are sorted by path, paragraphs by position. `roots` defaults to
    `default_roots()`, `workers` (processes; 1 starts none) to the usable cores; `on_progress(done, total)`
    counts files. A file that cannot be read, decoded or parsed is counted. `path` is written atomically,
    and its folder created. Five seconds on two cores for an environment with Spark, SciPy and pandas.

    Raises UserError if a root is not a folder or no docstring is found, ValueError for workers < 1. Workers
    are spawned, so a script that calls this needs `if __name__ == "__main__":`, and a program that Python
    reads from standard input needs workers=1.
    """
    roots = default_roots() if roots is None else roots
    sources = find_sources(roots)
    modules = _report(_read_all(sources, _num_workers(workers)), len(sources), on_progress)
    with _atomic_file(path) as file:
        summary = _write_lines(modules, file)
        if summary.lines == 0:
            raise UserError(_nothing_found(roots, summary))
    return summary


def find_sources(roots: Iterable[Path]) -> list[Path]:
    """Return every .py file by root, then by relative path, without SKIPPED_FOLDERS and hidden folders."""
    return [source for root in roots for source in _sources_under(root)]


def paragraphs_of(docstring: str) -> Iterator[str]:
    """Return each paragraph with a letter or digit on one line, whitespace collapsed, without doctests.

    A doctest runs from its first prompt to the paragraph's end. They are a fifth of the words and do no good:
    of 207 probe analogies 95 hold without them (mean of 3 seeds, 85 to 102) and 88 with them (mean of 2).
    """
    for paragraph in BLANK_LINES.split(docstring):
        prose = DOCTEST.sub("", paragraph)
        if LETTER_OR_DIGIT.search(prose):
            yield " ".join(prose.split())


def docstrings_of(source: str) -> Iterator[str]:
    """Return the docstrings in a module's source, in order. Raises SyntaxError if it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's invalid escapes
        pending: list[ast.AST] = [ast.parse(source)]
    while pending:  # no recursion: a chain of a thousand elif is a thousand deep
        node = pending.pop()
        if isinstance(node, DOCUMENTED) and (docstring := ast.get_docstring(node, clean=False)):
            yield docstring
        pending += [child for child in ast.iter_child_nodes(node) if isinstance(child, BLOCKS)][::-1]


def read_module(path: Path) -> ModuleText:
    """Return the paragraphs of one file, or the reason why there are none. No content of a file raises."""
    try:
        source = importlib.util.decode_source(path.read_bytes())
    except OSError:
        return ModuleText(0, (), skipped="unreadable")
    except (SyntaxError, UnicodeDecodeError):  # SyntaxError: an unknown `coding:` line
        return ModuleText(0, (), skipped="undecodable")
    try:
        docstrings = list(docstrings_of(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the parser's words for "too deep", too
        return ModuleText(0, (), skipped="unparsable")
    return ModuleText(len(docstrings), [line for text in docstrings for line in paragraphs_of(text)])


def _sources_under(root: Path) -> list[Path]:
    if not root.is_dir():
        raise UserError(f"{root} is not a folder: give folders that hold Python sources.")
    found: list[Path] = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED_FOLDERS and name[0] != "."]
        found += [Path(folder, name) for name in names if name.endswith(".py")]
    return sorted(found, key=lambda source: source.relative_to(root).as_posix())


def _num_workers(workers: int | None) -> int:
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1")
    return workers


def _read_all(sources: Sequence[Path], workers: int) -> Iterator[ModuleText]:
    """`read_module` of each source, in their order."""
    if workers == 1 or len(sources) <= FILES_PER_TASK:
        yield from map(read_module, sources)
        return
    spawn = multiprocessing.get_context("spawn")  # the caller may hold threads, which a fork would break
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        yield from pool.map(read_module, sources, chunksize=FILES_PER_TASK)


def _report(
    modules: Iterable[ModuleText], total: int, on_progress: Callable[[int, int], None]
) -> Iterator[ModuleText]:
    for done, module in enumerate(modules, start=1):
        yield module
        on_progress(done, total)


def _write_lines(modules: Iterable[ModuleText], file: BinaryIO) -> CorpusSummary:
    """Write each paragraph that was not written before."""
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    seen: set[str] = set()
    for module in modules:
        if module.skipped:
            skipped[module.skipped] += 1
            continue
        new = [line for line in dict.fromkeys(module.paragraphs) if line not in seen]
        seen.update(new)
        text = "".join(f"{line}\n" for line in new)
        file.write(text.encode("utf-8", errors="replace"))  # half a surrogate pair, "\ud800", becomes "?"
        counts.update(
            modules=1,
            docstrings=module.num_docstrings,
            lines=len(new),
            duplicates=len(module.paragraphs) - len(new),
        )
    return CorpusSummary(
        modules=counts["modules"],
        docstrings=counts["docstrings"],
        lines=counts["lines"],
        duplicates=counts["duplicates"],
        bytes=file.tell(),
        skipped_files=dict(sorted(skipped.items())),
    )


@contextmanager
def _atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Write to a temporary file and rename it to `path` at the end; an exception leaves no new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _nothing_found(roots: Iterable[Path], summary: CorpusSummary) -> str:
    folders = ", ".join(map(str, roots)) or "no folder"
    num_files = summary.modules + sum(summary.skipped_files.values())
    return f"No docstring in {num_files} Python sources under {folders}: use a Python that has its sources."
