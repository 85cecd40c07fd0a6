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
from typing import Any, NamedTuple

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


@intrinsic
def _lent(_context: Any, array: Any) -> Any:
    """Return the array without a reference to its memory, so that no use of it counts references."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        make = context.make_array(signature.return_type)
        owner, lent = make(context, builder, arguments[0]), make(context, builder)
        for field in ("nitems", "itemsize", "data", "shape", "strides"):
            setattr(lent, field, getattr(owner, field))
        lent.meminfo, lent.parent = (
            cgutils.get_null_value(field.type) for field in (owner.meminfo, owner.parent)
        )
        return lent._getvalue()

    return array(array), generate


@intrinsic
def _keep(_context: Any, owners: Any) -> Any:
    """Do nothing; but what is lent lives until here."""
    return types.void(owners), lambda context, *_: context.get_dummy_value()


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


# A span's copies of table rows. A slot is the number of a copy.

_UNMOVED, _MOVED, _FROZEN = 0, 1, 2


class _Copies(NamedTuple):
    """Rows of one table as a span changes them, N slots: at most one for each word, and one for each noise word."""

    ids: Any
    """(N,) int32: whose rows they are"""
    rows: Any
    """(N * D,)"""
    before: Any
    """(N * D,): the rows as they were copied"""
    length2: Any
    """(N,): squared lengths; of input rows only in skip-gram"""
    keys: Any
    slots: Any
    """a hash table from words to slots; keys are -1 where free"""


class _Shifts(NamedTuple):
    """How far the steps of the copies of output rows moved scores, for the bound."""

    of_slot: Any
    of_word: Any
    """the same, of all copies of the word together, at the word's first slot"""
    first_slot: Any


class _SpanCopies(NamedTuple):
    """All that a span copies."""

    inputs: Any
    states: Any
    """of the input rows' copies: _UNMOVED, _MOVED or _FROZEN"""
    outputs: Any
    shifts: Any


class _Rates(NamedTuple):
    """Of a row: the learning rate, the bound, and what scores are multiplied by."""

    alpha: Any
    bound: Any
    scale: Any


class _RowBuffers(NamedTuple):
    """What a row needs until the next."""

    contexts: Any
    """slots of the contexts"""
    times: Any
    """how often a slot is among the contexts; 0 between rows"""
    singles: Any
    """slots of the output rows that are scored one by one: those of the positives, then of noise words"""
    h: Any
    """CBOW: the sum of the contexts"""
    e: Any
    scores: Any
    g: Any
    """what an output row adds to e by"""
    steps: Any
    """what h adds to an output row by"""


@_helper
def _table_size(num_keys):
    """A power of two of which at most half is used."""
    size = 64
    while size < 2 * num_keys:
        size *= 2
    return size


@_helper
def _aligned(num_values, like):
    """Zeros that begin at a cache line."""
    values = np.zeros(num_values + _FLOATS_PER_LINE, like.dtype)
    begin = (-(values.ctypes.data // values.itemsize)) % _FLOATS_PER_LINE
    return values[begin : begin + num_values]


@_helper
def _new_copies(num_slots, padded, like):
    size = _table_size(num_slots)
    return _Copies(
        np.empty(num_slots, np.int32),
        _aligned(num_slots * padded, like),
        _aligned(num_slots * padded, like),
        np.empty(num_slots, like.dtype),
        np.full(size, -1, np.int32),
        np.zeros(size, np.uint32),
    )


@_helper
def _new_shifts(num_slots, like):
    return _Shifts(
        np.zeros(num_slots, like.dtype), np.zeros(num_slots, like.dtype), np.empty(num_slots, np.uint32)
    )


@_helper
def _new_row_buffers(num_slots, window, set_size, padded, like):
    most_scores = 2 * window + set_size + 2 * _FLOATS_PER_VECTOR
    return _RowBuffers(
        np.empty(2 * window, np.uint32),
        np.zeros(num_slots, np.uint32),
        np.empty(2 * window + 8, np.uint32),
        _aligned(padded, like),
        _aligned(padded, like),
        _aligned(most_scores, like),
        _aligned(most_scores, like),
        _aligned(most_scores, like),
    )


@_inlined
def _lent_copies(c):
    return _Copies(
        _lent(c.ids), _lent(c.rows), _lent(c.before), _lent(c.length2), _lent(c.keys), _lent(c.slots)
    )


@_inlined
def _lent_shifts(c):
    return _Shifts(_lent(c.of_slot), _lent(c.of_word), _lent(c.first_slot))


@_inlined
def _lent_buffers(b):
    return _RowBuffers(
        _lent(b.contexts),
        _lent(b.times),
        _lent(b.singles),
        _lent(b.h),
        _lent(b.e),
        _lent(b.scores),
        _lent(b.g),
        _lent(b.steps),
    )


@_inlined
def _slot_of(copies, word, new):
    """The slot of `word`, which becomes `new` where it has none."""
    keys, slots = copies.keys, copies.slots
    mask = _U(len(keys) - 1)
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


@_inlined
def _fill_slot(copies, slot, table, word, D, T):
    copies.ids[slot] = word
    copies.length2[slot] = _copy_row(table, _U(word) * T, copies.rows, copies.before, slot * D, T)


@_inlined
def _gather(copies, table, words, s, begin, slot_of, D, T):
    """Copy the rows of words[s, begin:], as many as `slot_of` takes. Return how many different ones they are."""
    num_slots = _U(0)
    for place in range(len(slot_of)):
        word = words[s, begin + place]
        slot = _slot_of(copies, word, num_slots)
        slot_of[place] = slot
        if slot == num_slots:
            _fill_slot(copies, slot, table, word, D, T)
            num_slots += _U(1)
    return num_slots


@_inlined
def _mark_frozen(inputs, states, frozen, num_slots):
    for slot in range(num_slots):
        states[slot] = _FROZEN if frozen[inputs.ids[slot]] else _UNMOVED


@_inlined
def _gather_noise(copies, shifts, num_slots, table, noise, s, D, T):
    """Give each noise word of span s a slot of its own after the others. Return the number of all slots."""
    for slot in range(num_slots):
        shifts.first_slot[slot] = slot
    for j in range(noise.shape[1]):
        word = noise[s, j]
        shifts.first_slot[num_slots] = _slot_of(copies, word, num_slots)
        _fill_slot(copies, num_slots, table, word, D, T)
        num_slots += _U(1)
    shifts.of_slot[:num_slots] = 0
    shifts.of_word[:num_slots] = 0
    return num_slots


@_inlined
def _prefetch_span(context_table, own_table, output, words, window, noise, s, T):
    for place in range(words.shape[1]):
        _prefetch_row(context_table, _U(words[s, place]) * T, T)
    for r in range(ROWS):
        _prefetch_row(own_table, _U(words[s, window + r]) * T, T)
    for j in range(noise.shape[1]):
        _prefetch_row(output, _U(noise[s, j]) * T, T)


@_inlined
def _scatter_inputs(copies, states, num_slots, table, D, T):
    """Add what the input rows gained to the table."""
    for slot in range(num_slots):
        if states[slot] == _MOVED:
            begin = _U(copies.ids[slot]) * T
            _add_change(table, begin, copies.rows, copies.before, slot * D, table.dtype.type(1), T)


@_inlined
def _scatter_outputs(copies, shifts, num_slots, table, bound, D, T):
    """The same for output rows. Several copies of a word were each moved without the others' steps."""
    one = table.dtype.type(1)
    for slot in range(num_slots):
        shifts.of_word[shifts.first_slot[slot]] += shifts.of_slot[slot]
    for slot in range(num_slots):
        shift = shifts.of_slot[slot]
        if shift > 0:
            factor = min(one, max(bound, shift) / shifts.of_word[shifts.first_slot[slot]])
            begin = _U(copies.ids[slot]) * T
            _add_change(table, begin, copies.rows, copies.before, slot * D, factor, T)


# A row


@_inlined
def _list_contexts(row, context_of, at, num_left, num_right):
    n = _U(0)
    for place in range(at - num_left, at + num_right + 1):
        if place != at:
            slot = context_of[_U(place)]
            row.contexts[n] = slot
            row.times[slot] += _U(1)
            n += _U(1)


@_inlined
def _forget_contexts(row, num_contexts):
    for k in range(num_contexts):
        row.times[row.contexts[_U(k)]] = 0


@_inlined
def _sum_contexts(row, rows, c, D):
    """row.h = the sum of the c context rows."""
    contexts, h = row.contexts, row.h
    if c % 2:
        _set(h, rows, _U(contexts[0]) * D, D)
    else:
        _set_sum(h, rows, _U(contexts[0]) * D, _U(contexts[1]) * D, D)
    for k in range(2 - c % 2, c, 2):
        _add_two(h, rows, _U(contexts[_U(k)]) * D, _U(contexts[_U(k + 1)]) * D, D)


@_inlined
def _score(row, h, i, rows, num_singles, noise_slot, num_fours, D):
    """row.scores = h times the output rows: those of `singles` one by one, then noise in fours. Return their number."""
    singles, scores = row.singles, row.scores
    for k in range(0, num_singles - 1, 2):
        j, j2 = _U(singles[_U(k)]) * D, _U(singles[_U(k + 1)]) * D
        scores[_U(k)], scores[_U(k + 1)] = _dot_two(h, i, rows, j, j2, D)
    if num_singles % 2:
        last = _U(num_singles - 1)
        scores[last] = _dot(h, i, rows, _U(singles[last]) * D, D)
    for j in range(num_fours):
        k = _U(num_singles + 4 * j)
        found = _dot_four(h, i, rows, (noise_slot + _U(4 * j)) * D, D)
        scores[k], scores[k + _U(1)], scores[k + _U(2)], scores[k + _U(3)] = found
    return num_singles + 4 * num_fours


@_inlined
def _loss(row, num_positive, noise_weight, num_scores):
    total = 0.0
    for k in range(num_scores):
        x = float(row.scores[_U(k)])
        total += _softplus(-x) if k < num_positive else noise_weight * _softplus(x)
    return total


@_inlined
def _find_steps(
    row, outputs, shifts, num_positive, num_singles, num_scores, noise_slot, noise_weight, h2, rates, sg
):
    """Fill row.g and row.steps from the scores. Return sum |g| |v|^2, and sum g times score."""
    real = row.scores.dtype.type
    scores, g, steps, length2, times = row.scores, row.g, row.steps, outputs.length2, row.times
    full_vectors = (num_scores + _FLOATS_PER_VECTOR - 1) // _FLOATS_PER_VECTOR * _FLOATS_PER_VECTOR
    _sigmoids(scores, g, full_vectors)
    alpha = rates.alpha
    most = rates.bound / (alpha * max(h2, real(1e-30)))
    h_shift, h_e = real(0), real(0)
    for k in range(num_scores):
        slot = _U(row.singles[_U(k)]) if k < num_singles else noise_slot + _U(k - num_singles)
        x = scores[_U(k)]
        if k < num_positive:
            pull = real(1) - g[_U(k)]
            step = alpha * min(pull, most / real(times[slot]) if sg else most)
            h_shift += pull * length2[slot]
            shifts.of_slot[slot] += step * h2
        else:
            pull = -noise_weight * g[_U(k)]
            step = alpha * max(pull, -most)
            h_shift -= pull * length2[slot]
            shifts.of_slot[slot] -= step * h2
        h_e += pull * x
        length2[slot] += step * (real(2) * x + step * h2)
        g[_U(k)] = pull
        steps[_U(k)] = step * rates.scale
    return h_shift, h_e


@_inlined
def _move_outputs(row, h, i, rows, num_singles, noise_slot, num_fours, D):
    """row.e = sum g v, then v += step * h for each output row v."""
    e, g, steps, singles = row.e, row.g, row.steps, row.singles
    for d in range(D):
        e[d] = 0
    for j in range(num_fours):
        _move_four(h, i, rows, (noise_slot + _U(4 * j)) * D, e, g, steps, _U(num_singles + 4 * j), D)
    k = _U(0)
    while k < _U(num_singles):
        slot, following = _U(singles[k]), k + _U(1)
        if following < _U(num_singles) and _U(singles[following]) != slot:
            j, j2 = slot * D, _U(singles[following]) * D
            _move_two(h, i, rows, j, j2, e, g[k], steps[k], g[following], steps[following], D)
            k += _U(2)
        else:
            _move(h, i, rows, slot * D, e, g[k], steps[k], D)
            k += _U(1)


@_inlined
def _train_outputs(row, h, i, h2, span, num_positive, noise_slot, noise_weight, rates, with_loss, shape):
    """Score h, move the output rows, and leave in row.e what h moves by.

    Returns sum |g| |v|^2, sum g times score, and the loss where asked.
    """
    set_size, D, sg = shape
    outputs = span.outputs
    num_fours = set_size // 4
    num_odd = set_size - 4 * num_fours
    for j in range(num_odd):
        row.singles[_U(num_positive + j)] = noise_slot + _U(4 * num_fours + j)
    num_singles = num_positive + num_odd
    num_scores = _score(row, h, i, outputs.rows, num_singles, noise_slot, num_fours, D)
    for k in range(num_scores):
        row.scores[_U(k)] *= rates.scale
    loss = _loss(row, num_positive, noise_weight, num_scores) if with_loss else 0.0
    h_shift, h_e = _find_steps(
        row,
        outputs,
        span.shifts,
        num_positive,
        num_singles,
        num_scores,
        noise_slot,
        noise_weight,
        h2,
        rates,
        sg,
    )
    _move_outputs(row, h, i, outputs.rows, num_singles, noise_slot, num_fours, D)
    return h_shift, h_e, loss


@_inlined
def _train_skip_gram_row(row, span, own, c, noise_slot, noise_weight, rates, with_loss, shape):
    """The own word's vector is h, and the c contexts are the positives. Return the loss where asked."""
    real = row.e.dtype.type
    one, D, inputs, states = real(1), shape[1], span.inputs, span.states
    for k in range(c):
        row.singles[_U(k)] = row.contexts[_U(k)]
    h2 = inputs.length2[own]
    h_shift, h_e, loss = _train_outputs(
        row, inputs.rows, own * D, h2, span, c, noise_slot, noise_weight, rates, with_loss, shape
    )
    if states[own] != _FROZEN:
        factor = rates.alpha / max(one, rates.alpha * h_shift / rates.bound)
        _add_scaled(inputs.rows, own * D, factor, row.e, D)
        e2 = _dot(row.e, _U(0), row.e, _U(0), D)
        inputs.length2[own] = h2 + factor * (real(2) * h_e + factor * e2)
        states[own] = _MOVED
    return loss


@_inlined
def _train_cbow_row(row, span, own, c, noise_slot, noise_weight, rates, with_loss, shape):
    """The mean of the c contexts is h, and the own word the positive. Return the loss where asked."""
    real = row.e.dtype.type
    one, D, inputs, states = real(1), shape[1], span.inputs, span.states
    repeats = _U(0)
    for k in range(c):
        repeats += _U(row.times[row.contexts[_U(k)]])
    _sum_contexts(row, inputs.rows, c, D)
    # h is the mean: the sum's scores and steps are scaled, and not the sum
    h2 = _dot(row.h, _U(0), row.h, _U(0), D) * (rates.scale * rates.scale)
    row.singles[0] = own
    h_shift, _, loss = _train_outputs(
        row, row.h, _U(0), h2, span, 1, noise_slot, noise_weight, rates, with_loss, shape
    )
    factor = rates.alpha / max(one, rates.alpha * h_shift * (real(repeats) * rates.scale) / rates.bound)
    for k in range(c):
        slot = _U(row.contexts[_U(k)])
        if states[slot] != _FROZEN:
            _add_scaled(inputs.rows, slot * D, factor, row.e, D)
            states[slot] = _MOVED
    return loss


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
    words, noise = np.zeros((0, ROWS + 2), np.int32), np.zeros((0, set_size * num_sets), np.int32)
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
    num_noise = set_size * num_sets
    max_shift = MAX_SCORE_SHIFT

    @njit(nogil=True, fastmath=_FAST, cache=on_disk)
    def train(input_, output, words, left, right, noise, frozen, alpha_0, alpha_step, weight, loss):
        real = input_.dtype.type
        one, bound = real(1), real(max_shift)
        num_spans, length = words.shape
        window = (length - ROWS) // 2
        shape = (set_size, D, sg)
        num_input_slots = ROWS if sg else length
        num_output_slots = (length if sg else ROWS) + num_noise
        owners = (
            _new_copies(num_input_slots, padded, input_),
            _new_copies(num_output_slots, padded, input_),
            _new_shifts(num_output_slots, input_),
            np.zeros(num_input_slots, np.uint8),
            _new_row_buffers(length + num_noise, window, set_size, padded, input_),
            np.empty(length, np.uint32),
            np.empty(ROWS, np.uint32),
        )
        inputs, outputs, shifts = _lent_copies(owners[0]), _lent_copies(owners[1]), _lent_shifts(owners[2])
        states, row, context_of, own_of = (
            _lent(owners[3]),
            _lent_buffers(owners[4]),
            _lent(owners[5]),
            _lent(owners[6]),
        )
        span = _SpanCopies(inputs, states, outputs, shifts)
        num_pairs = 0
        loss_sum, loss_pairs = 0.0, 0

        for s in range(num_spans):
            alpha = real(alpha_0 + alpha_step * s)
            with_loss = s % LOSS_EVERY == 0
            if s + 1 < num_spans:
                _prefetch_span(
                    output if sg else input_, input_ if sg else output, output, words, window, noise, s + 1, T
                )
            num_inputs = _gather(
                inputs, input_, words, s, window if sg else 0, own_of if sg else context_of, D, T
            )
            _mark_frozen(inputs, states, frozen, num_inputs)
            num_words = _gather(
                outputs, output, words, s, 0 if sg else window, context_of if sg else own_of, D, T
            )
            num_outputs = _gather_noise(outputs, shifts, num_words, output, noise, s, D, T)
            for r in range(ROWS):
                num_left, num_right = int(left[s * ROWS + r]), int(right[s * ROWS + r])
                c = num_left + num_right
                if c == 0:
                    continue
                _list_contexts(row, context_of, window + r, num_left, num_right)
                own, noise_slot = _U(own_of[r]), num_words + _U((r % num_sets) * set_size)
                if sg:
                    loss_sum += _train_skip_gram_row(
                        row,
                        span,
                        own,
                        c,
                        noise_slot,
                        real(weight * c),
                        _Rates(alpha, bound, one),
                        with_loss,
                        shape,
                    )
                else:
                    loss_sum += _train_cbow_row(
                        row,
                        span,
                        own,
                        c,
                        noise_slot,
                        real(weight),
                        _Rates(alpha, bound, one / real(c)),
                        with_loss,
                        shape,
                    )
                _forget_contexts(row, c)
                num_positive = c if sg else 1
                num_pairs += num_positive
                loss_pairs += num_positive if with_loss else 0
            _scatter_inputs(inputs, states, num_inputs, input_, D, T)
            _scatter_outputs(outputs, shifts, num_outputs, output, bound, D, T)
            inputs.keys[:] = -1
            outputs.keys[:] = -1
        _keep(owners)
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
