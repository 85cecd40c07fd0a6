"""The examples in the docstrings of the Python interface run, and every public name has one."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import w2v_core
from w2v_core import Callback, EarlyStopping, EvaluateEachEpoch, ModelRegistry, Pipeline, Word2Vec

MODULES = [
    f"w2v_core.api.{path.stem}" for path in sorted((Path(w2v_core.__file__).parent / "api").glob("[!_]*.py"))
]
MODULES = [name for name in MODULES if "spark" not in name] + ["w2v_core.config.loading"]


@pytest.fixture(scope="module")
def example_scope(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    (folder / "pairs.txt").write_text("king queen 9\nking cat 1\ncat unknown 3\n")
    (folder / "text.txt").write_text("the king and the queen\n" * 200)
    lists = [["king", "queen", "crown"], ["cat", "dog", "tail"]] * 30
    model = Word2Vec(vector_size=8, workers=1, sample=0, engine="numpy").fit(lists)
    paths = {"pairs_file": str(folder / "pairs.txt"), "text_file": str(folder / "text.txt")}
    return {"model": model, "folder": folder, **paths}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, example_scope):
    module = importlib.import_module(name)
    scope = {public: getattr(w2v_core, public) for public in w2v_core.__all__} | vars(module) | example_scope
    scope["model"] = (
        example_scope["model"].clone().fit([["king", "queen", "crown"], ["cat", "dog", "tail"]] * 30)
    )
    found = doctest.DocTestFinder().find(module, globs=scope)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in found:
        runner.run(example)
    assert runner.failures == 0


def test_every_public_name_of_the_interface_has_an_example():
    without = []
    for name in w2v_core.__all__:
        value = getattr(w2v_core, name)
        if getattr(value, "__module__", "").startswith("w2v_core.api") and ">>>" not in (
            inspect.getdoc(value) or ""
        ):
            without.append(name)
    assert without == []


CLASSES = (Word2Vec, Pipeline, ModelRegistry, Callback, EarlyStopping, EvaluateEachEpoch)
METHODS = [
    (owner, name)
    for owner in CLASSES
    for name in vars(owner)
    if not name.startswith("_") and owner.__mro__[1:] == (object,)
]


@pytest.mark.parametrize(("owner", "method"), METHODS)
def test_public_methods_describe_their_parameters(owner, method):
    value = inspect.getattr_static(owner, method)
    function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    parameters = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    text = inspect.getdoc(function)
    assert text
    assert [name for name in parameters if f"{name} : " not in text and f"**{name}" not in text] == []


@pytest.mark.parametrize("owner", CLASSES)
def test_public_classes_describe_their_parameters(owner):
    parameters = inspect.signature(owner).parameters
    assert [
        name
        for name in parameters
        if f"{name} : " not in (owner.__doc__ or "") and name not in ("args", "kwargs")
    ] == []
