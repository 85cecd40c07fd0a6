import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.errors import AccountError
from w2v_core.runs.token_account import TokenAccount, add_counters

counts = st.integers(0, 2**40)


@st.composite
def balanced(draw):
    kept, unknown, thinned, lone = (draw(counts) for _ in range(4))
    dropped = {"no_context": lone} if lone else {}
    return TokenAccount(kept + unknown + thinned + lone, kept, unknown, thinned, dropped)


@given(balanced(), balanced())
def test_accounts_of_parts_add_up(one, other):
    total = (one + other).checked()
    assert total.read == one.read + other.read
    assert total.dropped.get("no_context", 0) == sum(a.dropped.get("no_context", 0) for a in (one, other))


def test_a_token_that_vanishes_is_noticed():
    with pytest.raises(AccountError, match="does not balance"):
        TokenAccount(read=10, kept=9).checked()


def test_counters_add_up_by_name_and_zeros_stay():
    assert add_counters([{"a": 1, "b": 0}, {"a": 2, "c": 3}]) == {"a": 3, "b": 0, "c": 3}


def test_an_account_reads_as_a_sum():
    assert (
        str(TokenAccount(10, 6, 3, 0, {"no_context": 1}))
        == "10 read = 6 kept + 3 out of vocabulary + 1 no context"
    )
