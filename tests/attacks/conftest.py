"""How many random inputs the attacks try: W2V_ATTACKS, few by default. `make attack-input` tries many."""

import os
from collections.abc import Iterator

import pytest

from w2v_core.executors.in_process import InProcessExecutor

ATTACKS = int(os.environ.get("W2V_ATTACKS", "60"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `seed` runs once a random input; the name of the test tells it."""
    if "seed" in metafunc.fixturenames:
        share = getattr(metafunc.function, "one_in", 1)
        metafunc.parametrize("seed", range(0, ATTACKS, share))


@pytest.fixture
def attacks() -> int:
    """Random inputs that a test tries."""
    return ATTACKS


@pytest.fixture(scope="session")
def inline() -> Iterator[InProcessExecutor]:
    """An executor in this process: attacks that end in an error would end the processes that other tests share."""
    with InProcessExecutor() as executor:
        yield executor
