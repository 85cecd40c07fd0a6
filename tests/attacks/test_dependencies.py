"""What an installation brings along: six packages and what they need, under licences that let everybody use them.

`make audit` asks whether a weakness is known of any of them; that needs a network. Bounds: tests/test_matrix.py.
"""

import re
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"numpy", "scipy", "pyarrow", "pydantic", "typer", "rich"}
FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Zlib|CC0|0BSD", re.IGNORECASE)
COPYLEFT = re.compile(r"\bA?GPL|Affero|General Public|SSPL|Commons Clause|Non-?Commercial", re.IGNORECASE)


def test_six_packages_are_all_that_our_code_needs():
    assert {Requirement(text).name for text in PROJECT["dependencies"]} == OURS


def installed_with(texts: list[str]) -> dict[str, Distribution]:
    """The packages, and all that they need here, by name."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in texts]
    while waiting:
        wanted = waiting.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name not in found and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            found[name] = distribution(name)
            waiting += [Requirement(text) for text in found[name].requires or []]
    return found


def licence(package: Distribution) -> str:
    """What the package says of its licence: an expression, classifiers, or the first line of a text."""
    told = package.metadata
    classified = [line for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    return (
        told.get("License-Expression") or " ".join(classified) or (told.get("License") or "").split("\n")[0]
    )


@pytest.mark.parametrize("extra", [None, "spark"])
def test_all_that_is_installed_has_a_licence_that_lets_everybody_use_it(extra):
    texts = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found = installed_with(texts)
    assert len(found) > len(texts)
    licences = {name: licence(package) for name, package in found.items()}
    assert {
        name: told for name, told in licences.items() if not FREE.search(told) or COPYLEFT.search(told)
    } == {}


def test_training_and_queries_bring_few_packages():
    """Each is one more to trust. Who adds one here adds it to this number too."""
    assert len(installed_with(PROJECT["dependencies"])) <= 18
