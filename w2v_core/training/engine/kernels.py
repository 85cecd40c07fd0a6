"""The compiled engine's loop over the rows of a block, by Numba.

A block is spans of 16 rows that follow each other in the text. For each span, in order:

1. *Gather.* The rows of both tables that the span needs are copied once: its words' and those of its noise words.
   A word that comes twice in a span has one copy, so that its second update sees the first.
2. *Train.* Row by row, as in word2vec.c: scores, sigmoid, and the change of every row involved, on the copies. Nothing
   is computed at a stale point, except where a noise word is also a word of the span or comes twice.
3. *Scatter.* What the copies gained is added to the tables. Other threads may have changed the same rows meanwhile
   (Hogwild: Niu et al. 2011); their changes stay.

A span's noise words stand in sets; row r uses set r mod `num_sets`, so that 16 / num_sets rows share a set. A CBOW set
has `negative` words, each of weight 1. A skip-gram row has about six pairs and would draw `negative` words for each;
it uses one set of `set_size` words for all, of weight pairs * negative / set_size.

The bound on a step (`bound`) is applied to every row's vector h and to every output row v:

    h moves by  alpha * e / max(1, alpha * sum |g| |v|^2 / 4),      v by  alpha * g h, with |alpha g| |h|^2 at most 4

where e is the sum of g * v. Squared lengths are tracked and not computed again: for v' = v + c h,
|v'|^2 = |v|^2 + c (2 h.v + c |h|^2), and h.v is the score. In CBOW a word that is m of a row's n contexts moves h by
m / n of m steps, so that the sum above weighs sum(m^2) / n.

What makes this fast: the vector length is a constant of the compiled function, copies are padded to whole vector
registers, loops go over at most three arrays (with more, LLVM gives up on proving that they do not overlap), noise
rows lie side by side and are taken four at a time, and the next span's rows are fetched into the cache meanwhile.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic

from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.training.engine.bound import MAX_SCORE_SHIFT

ROWS = ROWS_PER_SPAN
LOSS_EVERY = 64
"""spans; the loss of a row costs as much as half its training"""

_FLOATS_PER_VECTOR = 8
_FLOATS_PER_LINE = 16
_U = np.uint64  # an index of this type needs no test for being negative
# Reordering sums is allowed, which vector registers need. NaN and infinity keep their meaning.
_FAST = {"reassoc", "contract", "nsz", "arcp"}
_inlined: Callable[..., Any] = njit(nogil=True, fastmath=_FAST, forceinline=True)
_helper: Callable[..., Any] = njit(nogil=True)

Kernel = Callable[..., int]


# Rows of memory. D is the padded length, T the length of a table's row; both are constants of the caller.


@intrinsic
def _prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line that holds array[index]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        integer, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, integer, integer, integer])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        address = builder.bitcast(builder.gep(data, [arguments[1]]), pointer)
        return builder.call(
            function, [address, integer(0), integer(2), integer(1)]
        )  # read, second-level cache

    return types.void(array, index), generate


@_inlined
def _prefetch_row(table, begin, T):
    for d in range(_U(0), T, _U(_FLOATS_PER_LINE)):
        _prefetch(table, begin + d)


@_inlined
def _copy_row(table, begin, rows, before, at, T):
    """Copy a table's row into `rows` and `before`; return its squared length."""
    length2 = table.dtype.type(0)
    for d in range(T):
        x = table[begin + d]
        rows[at + d] = x
        before[at + d] = x
        length2 += x * x
    return length2


@_inlined
def _add_change(table, begin, rows, before, at, factor, T):
    for d in range(T):
        table[begin + d] += factor * (rows[at + d] - before[at + d])


@_inlined
def _set_sum(h, rows, i, j, D):
    for d in range(D):
        h[d] = rows[i + d] + rows[j + d]


@_inlined
def _set(h, rows, i, D):
    for d in range(D):
        h[d] = rows[i + d]


@_inlined
def _add_two(h, rows, i, j, D):
    for d in range(D):
        h[d] += rows[i + d] + rows[j + d]


@_inlined
def _add_scaled(rows, i, factor, e, D):
    for d in range(D):
        rows[i + d] += factor * e[d]


@_inlined
def _dot(a, i, b, j, D):
    total = a.dtype.type(0)
    for d in range(D):
        total += a[i + d] * b[j + d]
    return total


@_inlined
def _dot_two(a, i, b, j, k, D):
    first = second = a.dtype.type(0)
    for d in range(D):
        x = a[i + d]
        first += x * b[j + d]
        second += x * b[k + d]
    return first, second


@_inlined
def _dot_four(a, i, b, j, D):
    """Four rows of b that lie side by side."""
    s0 = s1 = s2 = s3 = a.dtype.type(0)
    for d in range(D):
        x = a[i + d]
        s0 += x * b[j + d]
        s1 += x * b[j + D + d]
        s2 += x * b[j + D + D + d]
        s3 += x * b[j + D + D + D + d]
    return s0, s1, s2, s3


@_inlined
def _move(h, i, v, j, e, g, c, D):
    """e += g v; then v += c h."""
    for d in range(D):
        x = v[j + d]
        e[d] += g * x
        v[j + d] = x + c * h[i + d]


@_inlined
def _move_two(h, i, v, j, k, e, g0, c0, g1, c1, D):
    """The same for two different rows."""
    for d in range(D):
        x = v[j + d]
        y = v[k + d]
        hd = h[i + d]
        e[d] += g0 * x + g1 * y
        v[j + d] = x + c0 * hd
        v[k + d] = y + c1 * hd


@_inlined
def _move_four(h, i, v, j, e, g, c, n, D):
    """The same for four rows side by side, whose factors begin at g[n] and c[n]."""
    g0, g1, g2, g3 = g[n], g[n + _U(1)], g[n + _U(2)], g[n + _U(3)]
    c0, c1, c2, c3 = c[n], c[n + _U(1)], c[n + _U(2)], c[n + _U(3)]
    for d in range(D):
        hd = h[i + d]
        x0 = v[j + d]
        x1 = v[j + D + d]
        x2 = v[j + D + D + d]
        x3 = v[j + D + D + D + d]
        e[d] += (g0 * x0 + g1 * x1) + (g2 * x2 + g3 * x3)
        v[j + d] = x0 + c0 * hd
        v[j + D + d] = x1 + c1 * hd
        v[j + D + D + d] = x2 + c2 * hd
        v[j + D + D + D + d] = x3 + c3 * hd


@_inlined
def _sigmoids(scores, out, n):
    """out[i] = 1 / (1 + exp(-scores[i])), to 2e-7: tanh(y) as y P(y^2) / Q(y^2), fitted on [-9, 9]; 0 and 1 beyond.

    Without branches, so that it runs in vector registers.
    """
    real = scores.dtype.type
    for i in range(n):
        y = min(max(real(0.5) * scores[i], real(-9)), real(9))
        u = y * y
        p = real(1.33547133e-08)
        p = p * u + real(2.06091227e-05)
        p = p * u + real(3.49559068e-03)
        p = p * u + real(1.33810278e-01)
        p = p * u + real(9.99999979e-01)
        q = real(7.77658042e-07)
        q = q * u + real(3.28563893e-04)
        q = q * u + real(2.58769920e-02)
        q = q * u + real(4.67143434e-01)
        q = q * u + real(1.0)
        out[i] = min(max(real(0.5) + real(0.5) * (y * p / q), real(0)), real(1))


@_inlined
def _softplus(x):
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))


# Words of a span and their copies


@_helper
def _table_size(num_keys):
    """A power of two of which at most half is used."""
    size = 64
    while size < 2 * num_keys:
        size *= 2
    return size


@_inlined
def _slot_of(keys, slots, mask, word, new):
    """The slot of `word`, which becomes `new` where it has none. `keys` are -1 where free."""
    place = ((_U(word) * _U(0x9E3779B97F4A7C15)) >> _U(40)) & mask
    while True:
        key = keys[place]
        if key == word:
            return slots[place]
        if key < 0:
            keys[place] = word
            slots[place] = new
            return new
        place = (place + _U(1)) & mask


@_helper
def _aligned(num_values, like):
    """Zeros that begin at a cache line."""
    values = np.zeros(num_values + _FLOATS_PER_LINE, like.dtype)
    begin = (-(values.ctypes.data // values.itemsize)) % _FLOATS_PER_LINE
    return values[begin : begin + num_values]


@cache
def block_kernel(sg: bool, vector_size: int, set_size: int, num_sets: int) -> Kernel:
    """The function that trains a block, for these constants. Compiling it takes seconds, where it is not on disk.

    train(input, output, words, left, right, noise, frozen, alpha, alpha_step, weight, loss) trains in place

    input, output (V * D,): the tables, flat, float32. words (S, L) int32, left and right (S * 16,) uint8: the spans.
    noise (S, num_sets * set_size) int32. frozen (V,) bool: input rows that stay. alpha, alpha_step: the learning
    rate of the first span, and what is added with each. weight: of a noise word, in skip-gram for each pair. loss (2,)
    float64: receives the summed loss of every 64th span, and its pairs.

    Returns the number of pairs trained.
    """
    kernel = _on_disk_or_not(partial(_block_function, sg, vector_size, set_size, num_sets))
    none, rows = np.zeros(0, np.float32), np.zeros(0, np.uint8)
    words, noise = np.zeros((0, ROWS + 2), np.int32), np.zeros((0, 1), np.int32)
    kernel(none, none, words, rows, rows, noise, np.zeros(0, np.bool_), 0.1, 0.0, 1.0, np.zeros(2))
    return kernel


def _on_disk_or_not(make: Callable[..., Any]) -> Any:
    """What `make` makes, kept on disk where there is a folder that can be written."""
    try:
        return make(on_disk=True)
    except RuntimeError:
        return make(on_disk=False)


def _block_function(sg: bool, vector_size: int, set_size: int, num_sets: int, on_disk: bool) -> Kernel:
    padded = -(-vector_size // _FLOATS_PER_VECTOR) * _FLOATS_PER_VECTOR
    T, D = _U(vector_size), _U(padded)
    num_fours = set_size // 4
    num_odd_noise = set_size - 4 * num_fours
    num_noise = set_size * num_sets
    max_shift = MAX_SCORE_SHIFT

    @njit(nogil=True, fastmath=_FAST, cache=on_disk)
    def train(input_, output, words, left, right, noise, frozen, alpha_0, alpha_step, weight, loss):
        real = input_.dtype.type
        one, bound = real(1), real(max_shift)
        num_spans, length = words.shape
        window = (length - ROWS) // 2
        # Contexts come from one table and a row's own word from the other. The output's copies hold the noise too.
        context_table = output if sg else input_
        own_table = input_ if sg else output
        num_context_slots = length + (num_noise if sg else 0)
        num_own_slots = ROWS + (0 if sg else num_noise)
        context_rows = _aligned(num_context_slots * padded, input_)
        contexts_before = _aligned(num_context_slots * padded, input_)
        own_rows = _aligned(num_own_slots * padded, input_)
        owns_before = _aligned(num_own_slots * padded, input_)
        context_ids = np.empty(num_context_slots, np.int32)
        own_ids = np.empty(num_own_slots, np.int32)
        contexts2 = np.empty(num_context_slots, input_.dtype)
        owns2 = np.empty(num_own_slots, input_.dtype)
        context_of = np.empty(length, np.uint32)
        own_of = np.empty(ROWS, np.uint32)
        context_mask = _U(_table_size(num_context_slots) - 1)
        context_keys = np.full(_table_size(num_context_slots), -1, np.int32)
        context_slots = np.zeros(_table_size(num_context_slots), np.uint32)
        own_mask = _U(_table_size(num_own_slots) - 1)
        own_keys = np.full(_table_size(num_own_slots), -1, np.int32)
        own_slots = np.zeros(_table_size(num_own_slots), np.uint32)
        # of the input table's copies: whether they stay, and whether they have moved
        input_ids, input_rows, inputs_before = (
            (own_ids, own_rows, owns_before) if sg else (context_ids, context_rows, contexts_before)
        )
        num_inputs = num_own_slots if sg else num_context_slots
        stays = np.zeros(num_inputs, np.uint8)
        moved = np.zeros(num_inputs, np.uint8)
        # of the output table's copies: squared length, how far it shifted scores, the same of all copies of its word
        v_ids, v_rows, vs_before = (
            (context_ids, context_rows, contexts_before) if sg else (own_ids, own_rows, owns_before)
        )
        v2 = contexts2 if sg else owns2
        num_outputs = num_context_slots if sg else num_own_slots
        shift = np.zeros(num_outputs, input_.dtype)
        word_shift = np.zeros(num_outputs, input_.dtype)
        first = np.empty(num_outputs, np.uint32)
        # of a row
        times = np.zeros(num_context_slots, np.uint32)  # how often a copy is among the contexts
        h_sum = _aligned(padded, input_)
        e = _aligned(padded, input_)
        most_scores = 2 * window + set_size + 2 * _FLOATS_PER_VECTOR
        singles = np.empty(2 * window + 8, np.uint32)
        scores = _aligned(most_scores, input_)
        g = _aligned(most_scores, input_)
        steps = _aligned(most_scores, input_)
        num_pairs = 0
        loss_sum, loss_pairs = 0.0, 0

        for s in range(num_spans):
            alpha = real(alpha_0 + alpha_step * s)

            if s + 1 < num_spans:
                for place in range(length):
                    _prefetch_row(context_table, _U(words[s + 1, place]) * T, T)
                for r in range(ROWS):
                    _prefetch_row(own_table, _U(words[s + 1, window + r]) * T, T)
                for j in range(num_noise):
                    _prefetch_row(output, _U(noise[s + 1, j]) * T, T)

            # Gather
            num_contexts = _U(0)
            for place in range(length):
                word = words[s, place]
                slot = _slot_of(context_keys, context_slots, context_mask, word, num_contexts)
                context_of[place] = slot
                if slot == num_contexts:
                    context_ids[slot] = word
                    contexts2[slot] = _copy_row(
                        context_table, _U(word) * T, context_rows, contexts_before, slot * D, T
                    )
                    if not sg:
                        stays[slot] = frozen[word]
                        moved[slot] = 0
                    num_contexts += _U(1)
            num_owns = _U(0)
            for r in range(ROWS):
                word = words[s, window + r]
                slot = _slot_of(own_keys, own_slots, own_mask, word, num_owns)
                own_of[r] = slot
                if slot == num_owns:
                    own_ids[slot] = word
                    owns2[slot] = _copy_row(own_table, _U(word) * T, own_rows, owns_before, slot * D, T)
                    if sg:
                        stays[slot] = frozen[word]
                        moved[slot] = 0
                    num_owns += _U(1)
            noise_begin = num_contexts if sg else num_owns
            for slot in range(noise_begin):
                first[slot] = slot
            for j in range(num_noise):
                word = noise[s, j]
                if sg:
                    slot = num_contexts
                    first[slot] = _slot_of(context_keys, context_slots, context_mask, word, slot)
                    context_ids[slot] = word
                    contexts2[slot] = _copy_row(
                        output, _U(word) * T, context_rows, contexts_before, slot * D, T
                    )
                    num_contexts += _U(1)
                else:
                    slot = num_owns
                    first[slot] = _slot_of(own_keys, own_slots, own_mask, word, slot)
                    own_ids[slot] = word
                    owns2[slot] = _copy_row(output, _U(word) * T, own_rows, owns_before, slot * D, T)
                    num_owns += _U(1)
            num_vs = num_contexts if sg else num_owns
            for slot in range(num_vs):
                shift[slot] = 0
                word_shift[slot] = 0

            # Train
            for r in range(ROWS):
                num_left, num_right = int(left[s * ROWS + r]), int(right[s * ROWS + r])
                c = num_left + num_right
                if c == 0:
                    continue
                at = window + r
                n = 0
                for place in range(at - num_left, at):
                    slot = context_of[_U(place)]
                    singles[_U(n)] = slot
                    times[slot] += _U(1)
                    n += 1
                for place in range(at + 1, at + num_right + 1):
                    slot = context_of[_U(place)]
                    singles[_U(n)] = slot
                    times[slot] += _U(1)
                    n += 1
                own = _U(own_of[r])
                if sg:
                    h, i, h2 = own_rows, own * D, owns2[own]
                    num_positive, row_weight, scale = c, real(weight * c), one
                    begin = _U(0)
                else:
                    if c % 2:
                        _set(h_sum, context_rows, _U(singles[0]) * D, D)
                    else:
                        _set_sum(h_sum, context_rows, _U(singles[0]) * D, _U(singles[1]) * D, D)
                    for k in range(2 - c % 2, c, 2):
                        _add_two(h_sum, context_rows, _U(singles[_U(k)]) * D, _U(singles[_U(k + 1)]) * D, D)
                    scale = one / real(c)  # h is the mean: the sum's scores are scaled, and not the sum
                    h, i, h2 = h_sum, _U(0), _dot(h_sum, _U(0), h_sum, _U(0), D) * (scale * scale)
                    num_positive, row_weight = 1, real(weight)
                    begin = _U(c)
                    singles[begin] = own

                # scores: the positives and what noise is left over one by one, then the noise in fours
                noise_slot = noise_begin + _U((r % num_sets) * set_size)
                num_singles = num_positive + num_odd_noise
                for j in range(num_odd_noise):
                    singles[begin + _U(num_positive + j)] = noise_slot + _U(4 * num_fours + j)
                for k in range(0, num_singles - 1, 2):
                    j, j2 = _U(singles[begin + _U(k)]) * D, _U(singles[begin + _U(k + 1)]) * D
                    scores[_U(k)], scores[_U(k + 1)] = _dot_two(h, i, v_rows, j, j2, D)
                if num_singles % 2:
                    last = _U(num_singles - 1)
                    scores[last] = _dot(h, i, v_rows, _U(singles[begin + last]) * D, D)
                for j in range(num_fours):
                    k = _U(num_singles + 4 * j)
                    found = _dot_four(h, i, v_rows, (noise_slot + _U(4 * j)) * D, D)
                    scores[k], scores[k + _U(1)], scores[k + _U(2)], scores[k + _U(3)] = found
                num_scores = num_singles + 4 * num_fours
                if not sg:
                    for k in range(num_scores):
                        scores[k] *= scale
                if s % LOSS_EVERY == 0:
                    for k in range(num_scores):
                        x = float(scores[k])
                        loss_sum += _softplus(-x) if k < num_positive else row_weight * _softplus(x)
                    loss_pairs += num_positive
                num_pairs += num_positive

                # g: what a row's vector adds to e by; steps: what h adds to it by
                full_vectors = (
                    (num_scores + _FLOATS_PER_VECTOR - 1) // _FLOATS_PER_VECTOR * _FLOATS_PER_VECTOR
                )
                _sigmoids(scores, g, full_vectors)
                most = bound / (alpha * max(h2, real(1e-30)))
                h_shift, h_e = real(0), real(0)
                for k in range(num_scores):
                    slot = _U(singles[begin + _U(k)]) if k < num_singles else noise_slot + _U(k - num_singles)
                    x = scores[_U(k)]
                    if k < num_positive:
                        pull = one - g[_U(k)]
                        step = alpha * min(pull, most / real(times[slot]) if sg else most)
                        h_shift += pull * v2[slot]
                        shift[slot] += step * h2
                    else:
                        pull = -row_weight * g[_U(k)]
                        step = alpha * max(pull, -most)
                        h_shift -= pull * v2[slot]
                        shift[slot] -= step * h2
                    h_e += pull * x
                    v2[slot] += step * (real(2) * x + step * h2)
                    g[_U(k)] = pull
                    steps[_U(k)] = step * scale

                for d in range(D):
                    e[d] = 0
                for j in range(num_fours):
                    _move_four(
                        h, i, v_rows, (noise_slot + _U(4 * j)) * D, e, g, steps, _U(num_singles + 4 * j), D
                    )
                k = _U(0)
                while k < _U(num_singles):
                    slot, following = _U(singles[begin + k]), k + _U(1)
                    if following < _U(num_singles) and _U(singles[begin + following]) != slot:
                        j, j2 = slot * D, _U(singles[begin + following]) * D
                        _move_two(h, i, v_rows, j, j2, e, g[k], steps[k], g[following], steps[following], D)
                        k += _U(2)
                    else:
                        _move(h, i, v_rows, slot * D, e, g[k], steps[k], D)
                        k += _U(1)

                if sg:
                    factor = alpha / max(one, alpha * h_shift / bound)
                    if not stays[own]:
                        _add_scaled(own_rows, i, factor, e, D)
                        owns2[own] = h2 + factor * (real(2) * h_e + factor * _dot(e, _U(0), e, _U(0), D))
                        moved[own] = 1
                else:
                    repeats = _U(0)
                    for k in range(c):
                        repeats += _U(times[singles[_U(k)]])
                    factor = alpha / max(one, alpha * h_shift * (real(repeats) * scale) / bound)
                    for k in range(c):
                        slot = _U(singles[_U(k)])
                        if not stays[slot]:
                            _add_scaled(context_rows, slot * D, factor, e, D)
                            moved[slot] = 1
                for place in range(at - num_left, at + num_right + 1):
                    times[context_of[_U(place)]] = 0

            # Scatter
            for slot in range(num_owns if sg else num_contexts):
                if moved[slot]:
                    begin = _U(input_ids[slot]) * T
                    _add_change(input_, begin, input_rows, inputs_before, slot * D, one, T)
            for slot in range(num_vs):
                word_shift[first[slot]] += shift[slot]
            for slot in range(num_vs):
                if shift[slot] > 0:
                    # several copies of a word were each at rest without the others' steps
                    factor = min(one, max(bound, shift[slot]) / word_shift[first[slot]])
                    begin = _U(v_ids[slot]) * T
                    _add_change(output, begin, v_rows, vs_before, slot * D, factor, T)
            context_keys[:] = -1
            own_keys[:] = -1
        loss[0] = loss_sum
        loss[1] = loss_pairs
        return num_pairs

    kernel: Kernel = train
    return kernel


@cache
def noise_kernel() -> Callable[..., None]:
    """Return the function draw(edges, word_of_rank, seed, out), which fills `out` with noise words."""
    kernel: Callable[..., None] = _on_disk_or_not(_noise_function)
    kernel(np.array([0.0, 1.0]), np.zeros(1, np.int32), np.uint64(1), np.zeros((1, 1), np.int32))
    return kernel


def _noise_function(on_disk: bool) -> Callable[..., None]:
    @njit(nogil=True, cache=on_disk)
    def draw(edges, word_of_rank, seed, out):
        """Fill out (G, K) int32 with words; the seed is of type uint64.

        The running sum is cut into K strata of G pieces, and a word drawn from each. A set has one word of each
        stratum, of a random piece. Places ascend, so that the running sum is walked once.
        """
        num_sets, set_size = out.shape
        width = edges[-1] / (num_sets * set_size)
        last = len(word_of_rank) - 1
        state, rank = seed, 0
        shuffled = np.empty(num_sets, np.int32)
        for k in range(set_size):
            for g in range(num_sets):
                # splitmix64, Steele et al. 2014
                state += np.uint64(0x9E3779B97F4A7C15)
                bits = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                bits ^= bits >> np.uint64(31)
                fraction = (bits >> np.uint64(32)) * (1.0 / 4294967296.0)
                place = (k * num_sets + g + fraction) * width
                while rank < last and edges[rank + 1] <= place:
                    rank += 1
                # the shuffle that grows: Knuth 1969, 3.4.2
                other = int(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(g + 1)) >> np.uint64(32))
                shuffled[g] = shuffled[other]
                shuffled[other] = word_of_rank[rank]
            for g in range(num_sets):
                out[g, k] = shuffled[g]

    kernel: Callable[..., None] = draw
    return kernel
