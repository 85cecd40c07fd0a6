"""The cost of moving one distribution to another: the word mover's distance of two documents.

Source: Kusner, Sun, Kolkin, Weinberger 2015, "From Word Embeddings To Document Distances", equation 1.
"""

import warnings
from types import ModuleType

import numpy as np

from w2v_core.errors import UserError
from w2v_core.types import Float64Array


def transport_cost(mass_N: Float64Array, other_mass_M: Float64Array, cost_NM: Float64Array) -> float:
    """Return the least sum of flow * cost that moves `mass` to `other_mass`, both of sum 1.

    POT computes it where it is installed, else SciPy, more slowly; both are exact.
    """
    pot = _pot()
    if pot is None:
        return linear_program(mass_N, other_mass_M, cost_NM)
    return float(pot.emd2(mass_N, other_mass_M, cost_NM))


def linear_program(mass_N: Float64Array, other_mass_M: Float64Array, cost_NM: Float64Array) -> float:
    """Return the same cost by SciPy's HiGHS: flows are at least 0, and add up to the masses."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    num, other_num = cost_NM.shape
    leaving = kron(eye_array(num), np.ones((1, other_num)))
    arriving = kron(np.ones((1, num)), eye_array(other_num))
    sums = vstack([leaving, arriving]).tocsr()[:-1]  # the last follows from the others
    masses = np.concatenate([mass_N, other_mass_M])[:-1]
    found = linprog(cost_NM.ravel(), A_eq=sums, b_eq=masses, method="highs")
    if found.status != 0:
        raise UserError(
            f"SciPy cannot solve the transport problem ({found.message}); install POT: pip install POT"
        )
    return float(found.fun)


def _pot() -> ModuleType | None:
    """Return POT, None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its docstrings hold invalid escapes
            import ot
    except ModuleNotFoundError:
        return None
    module: ModuleType = ot
    return module
