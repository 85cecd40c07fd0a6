"""Whether a candidate may become `current`: each check by its name, what was measured, and the bound.

A check without a bound in `[gate]` is not made; one that cannot be made, for want of a `current` to compare with, is
told as such and passes. A score that is not defined (no item covered) does not pass.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from w2v_core.config import EvaluateConfig, GateConfig
from w2v_core.errors import UserError


@dataclass(frozen=True)
class GateFacts:
    """What is known of a candidate.

    scores               of every set by the name it was asked for by: Spearman's correlation or accuracy
    drops                current's score minus the candidate's on what both cover, and that difference's 95 % interval
    held_out_loss        at the end of training, nats a pair
    loss_rise            held-out loss at the end minus before the first row, which is current's on the new text
    known_tokens         share of the new tokens that current has a word for
    new_words            words that were added, as a share of those that there were
    neighbor_overlap     mean share of the 10 nearest that candidate and current agree on
    """

    scores: Mapping[str, float | None] = field(default_factory=dict)
    drops: Mapping[str, tuple[float, tuple[float, float]]] = field(default_factory=dict)
    held_out_loss: float | None = None
    loss_rise: float | None = None
    known_tokens: float | None = None
    new_words: float | None = None
    neighbor_overlap: float | None = None
    has_current: bool = True


class GateRefused(UserError):  # noqa: N818
    """The candidate did not pass the gate; the current version stays. Exit status 3."""

    exit_code = 3


@dataclass(frozen=True)
class Check:
    """One question of the gate."""

    name: str
    value: float | None
    bound: float
    passed: bool
    told: str

    def __str__(self) -> str:
        return f"{self.name}: {self.told}"


@dataclass(frozen=True)
class GateResult:
    """All checks."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the candidate may become current."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> bytes:
        """Return the content of verdict.json."""
        checks = [asdict(check) for check in self.checks]
        return json.dumps({"passed": self.passed, "checks": checks}, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "GateResult":
        """Return the result that `to_json` wrote."""
        return cls(tuple(Check(**check) for check in json.loads(data)["checks"]))


def evaluate_gate(facts: GateFacts, config: GateConfig) -> GateResult:
    """Every check that `config` asks for."""
    return GateResult(tuple(_checks(facts, config)))


def require_sets(config: GateConfig, evaluate: EvaluateConfig) -> None:
    """UserError for a bound on a set that is not evaluated: told before hours of training."""
    asked = {*evaluate.similarity, *evaluate.analogies}
    if unknown := sorted(set(config.min_scores) - asked):
        known = ", ".join(sorted(asked)) or "none"
        raise UserError(
            f"gate.min_scores names {unknown[0]}, which is not evaluated ({known} is); name it in evaluate.similarity "
            "or evaluate.analogies, or leave it out"
        )


def _checks(facts: GateFacts, config: GateConfig) -> Iterator[Check]:
    for name, bound in sorted(config.min_scores.items()):
        yield _at_least(f"score of {name}", facts.scores.get(name), bound)
    if config.max_drop is not None:
        for name, (drop, (low, high)) in sorted(facts.drops.items()):
            told = f"{drop:+.4f} [{low:+.4f}, {high:+.4f}] against at most {config.max_drop:g}"
            # Refused where the whole interval says that it fell too far: chance alone does so one time in forty.
            yield Check(f"drop of {name}", drop, config.max_drop, low <= config.max_drop, told)
    if config.max_heldout_loss is not None:
        yield _at_most("held-out loss", facts.held_out_loss, config.max_heldout_loss)
    for check, name, value, wanted in (
        (_at_most_if_known, "rise of the held-out loss", facts.loss_rise, config.max_loss_rise),
        (_at_least, "known tokens", facts.known_tokens, config.min_known_tokens),
        (_at_most, "new words", facts.new_words, config.max_new_words),
        (_at_least, "neighbour overlap", facts.neighbor_overlap, config.min_neighbor_overlap),
    ):
        if wanted is not None and facts.has_current:
            yield check(name, value, wanted)
        elif wanted is not None:
            yield Check(name, None, wanted, passed=True, told="there is no current version to compare with")


def _at_most_if_known(name: str, value: float | None, bound: float) -> Check:
    if value is not None:
        return _at_most(name, value, bound)
    return Check(name, None, bound, passed=True, told="so few rows are new that none was held out")


def _at_least(name: str, value: float | None, bound: float) -> Check:
    return Check(
        name, value, bound, value is not None and value >= bound, _comparison_text(value, "at least", bound)
    )


def _at_most(name: str, value: float | None, bound: float) -> Check:
    return Check(
        name, value, bound, value is not None and value <= bound, _comparison_text(value, "at most", bound)
    )


def _comparison_text(value: float | None, side: str, bound: float) -> str:
    return f"{'not defined' if value is None else f'{value:.4f}'} against {side} {bound:g}"
