"""Test sets that an installed package ships: they have a name and need no download.

    w2v evaluate --run-dir my-run --similarity wordsim353 --analogies questions-words

A known name always means that set; write `./wordsim353` for a file of the same name.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

from w2v_core.errors import InputError
from w2v_core.io.filesystem import open_folder

Kind = Literal["similarity", "analogies"]


class NamedSet(NamedTuple):
    """The package that ships a set, and its path within the package."""

    kind: Kind
    package: str
    path: str


NAMED_SETS = {
    "wordsim353": NamedSet("similarity", "gensim", "test/test_data/wordsim353.tsv"),
    "simlex999": NamedSet("similarity", "gensim", "test/test_data/simlex999.txt"),
    "questions-words": NamedSet("analogies", "gensim", "test/test_data/questions-words.txt"),
}

_LINES: dict[Kind, str] = {"similarity": "`word word score` lines", "analogies": "`a b c d` lines"}


def located(location: str, kind: Kind) -> str:
    """Return the path of the set called `location`, or else `location` itself, a path or a URI.

    Raises InputError for a set of another kind, for a set whose package is not installed, and for text that can
    only be a name and is neither a set nor a file.
    """
    test_set = NAMED_SETS.get(location)
    if test_set is None:
        _reject_unknown_name(location, kind)
        return location
    if test_set.kind != kind:
        raise InputError(
            f"{location} is a test set for --{test_set.kind}, not for --{kind}. Use --{test_set.kind}."
        )
    return str(_installed(location, test_set))


def _installed(name: str, test_set: NamedSet) -> Path:
    # The package is looked up and not imported: gensim takes seconds, and only its data is wanted.
    spec = find_spec(test_set.package)
    folders = (spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise InputError(
            f"test set {name}: {test_set.package}, which ships it, is not installed. Run `pip install "
            f"{test_set.package}`."
        )
    path = Path(folders[0], test_set.path)
    if not path.is_file():
        raise InputError(
            f"test set {name}: the installed {test_set.package} does not contain it ({path} is missing). Run "
            f"`pip install --force-reinstall {test_set.package}`."
        )
    return path


def _reject_unknown_name(location: str, kind: Kind) -> None:
    could_be_a_path = "/" in location or "." in location or not location.strip()
    if could_be_a_path or Path(open_folder(location).path).exists():
        return
    known = ", ".join(name for name, test_set in NAMED_SETS.items() if test_set.kind == kind)
    raise InputError(
        f"--{kind} {location}: expected a file of {_LINES[kind]} or one of the test sets {known}. Check the name."
    )
