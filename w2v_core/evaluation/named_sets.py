"""Sets that have a name here: an installed package ships them, and they need no download.

    w2v evaluate --run-dir my-run --similarity wordsim353 --analogies questions-words

A known name is that set, wherever it is asked for; a file that happens to be called so is `./wordsim353`.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

from w2v_core.errors import InputError
from w2v_core.io.filesystem import open_folder

Kind = Literal["similarity", "analogies"]


class NamedSet(NamedTuple):
    """Where a set is: in which package, at which path within it."""

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
    """The path of the set called `location`, or else `location` itself, a path or a URI.

    UserError for a known name of another kind, or whose package is not installed, and for what could only be a name
    and is neither known nor a file.
    """
    test_set = NAMED_SETS.get(location)
    if test_set is None:
        _reject_unknown_name(location, kind)
        return location
    if test_set.kind != kind:
        raise InputError(f"{location} is a set for --{test_set.kind}, not for --{kind}")
    return str(_installed(location, test_set))


def _installed(name: str, test_set: NamedSet) -> Path:
    # The package is looked up and not imported: gensim takes seconds, and only its data is wanted.
    spec = find_spec(test_set.package)
    folders = (spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise InputError(
            f"the set {name} comes with {test_set.package}, which is not installed: pip install {test_set.package}, "
            f"or name a file of {_LINES[test_set.kind]}"
        )
    path = Path(folders[0], test_set.path)
    if not path.is_file():
        raise InputError(
            f"the set {name} is not in the {test_set.package} that is installed ({path} is missing): "
            f"pip install --force-reinstall {test_set.package}, or name a file of {_LINES[test_set.kind]}"
        )
    return path


def _reject_unknown_name(location: str, kind: Kind) -> None:
    could_be_a_path = "/" in location or "." in location or not location.strip()
    if could_be_a_path or Path(open_folder(location).path).exists():
        return
    known = ", ".join(name for name, test_set in NAMED_SETS.items() if test_set.kind == kind)
    raise InputError(
        f"{location} is neither a file nor a set known for --{kind}: the known ones are {known}; any file of "
        f"{_LINES[kind]} will do"
    )
