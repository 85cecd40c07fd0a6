"""Where every token went. Accounts of parts add up to the account of the whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from w2v_core.errors import AccountError

Count = Annotated[int, Field(ge=0, lt=2**63)]
"""How many: what a manifest says must be a number that int64 holds."""


@dataclass(frozen=True)
class TokenAccount:
    """read = kept + out_of_vocabulary + subsampled + sum of dropped, in tokens."""

    read: Count = 0
    kept: Count = 0
    out_of_vocabulary: Count = 0
    subsampled: Count = 0
    dropped: dict[str, Count] = field(default_factory=dict)
    """tokens lost for any other reason, by the reason"""

    def balances(self) -> bool:
        """Whether the two sides are equal."""
        lost = self.out_of_vocabulary + self.subsampled + sum(self.dropped.values())
        return self.read == self.kept + lost

    def __str__(self) -> str:
        parts = {
            "kept": self.kept,
            "out of vocabulary": self.out_of_vocabulary,
            "subsampled": self.subsampled,
        }
        parts |= {reason.replace("_", " "): count for reason, count in self.dropped.items()}
        terms = [f"{count:,} {name}" for name, count in parts.items() if count or name == "kept"]
        return f"{self.read:,} read = {' + '.join(terms)}"

    def checked(self) -> "TokenAccount":
        """Return this account. Raises AccountError where the two sides differ."""
        if not self.balances():
            raise AccountError(f"the token account does not balance: {self}; report this as a bug")
        return self

    def __add__(self, other: "TokenAccount") -> "TokenAccount":
        return TokenAccount(
            self.read + other.read,
            self.kept + other.kept,
            self.out_of_vocabulary + other.out_of_vocabulary,
            self.subsampled + other.subsampled,
            add_counters([self.dropped, other.dropped]),
        )


def require_equal(what: str, found: int, expected: int) -> None:
    """Raise AccountError where two stages count differently. `what` names the things counted."""
    if found != expected:
        raise AccountError(f"{what}: expected {expected:,}, got {found:,}; report this as a bug")


def add_counters(counters: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Sum of named counts, by name; a name stays although its sum is zero."""
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return {name: total[name] for name in sorted(total)}
