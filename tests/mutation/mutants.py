"""Small faults that a program might have had: one operator, number or condition of a file changed at a time."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SWAPPED: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitOr,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
_NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "zeros": "ones",
    "ones": "zeros",
    "left": "right",
    "right": "left",
    "any": "all",
    "all": "any",
    "argmin": "argmax",
    "argmax": "argmin",
    "sum": "max",
    "cumsum": "sort",
    "append": "delete",
}


@dataclass(frozen=True)
class Mutant:
    """A file with one fault: where it is, what stood there and what stands there now, and the whole of it."""

    line: int
    before: str
    after: str
    source: str


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines. Docstrings, annotations and imports stay."""
    tree = ast.parse(source)
    for number, (node, _) in enumerate(_places(tree)):
        for change in range(len(_changes(node))):
            mutated = copy.deepcopy(tree)
            where, owner = list(_places(mutated))[number]
            before = ast.unparse(owner)
            _changes(where)[change]()
            after = ast.unparse(owner)
            if before != after:
                yield Mutant(getattr(owner, "lineno", 0), before, after, ast.unparse(mutated))


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What may be changed, each with the statement that it is in; of a compound statement its head."""

    def walk(node: ast.AST, owner: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        yield node, owner
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.Import | ast.ImportFrom) or _is_docstring(child):
                    continue
                if isinstance(child, ast.AST):
                    yield from walk(
                        child, child if isinstance(child, ast.stmt | ast.arg | ast.keyword) else owner
                    )

    return walk(tree, tree)


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _changes(node: ast.AST) -> list[Callable[[], None]]:
    """What changes the node in place, one way each."""
    changes: list[Callable[[], None]] = []
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        changes += [_set(node, "op", kind()) for kind in _SWAPPED.get(type(node.op), ())]
    elif isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            changes += [_put(node.ops, place, kind()) for kind in _SWAPPED.get(type(op), ())]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        changes.append(_set(node, "op", ast.UAdd() if isinstance(node.op, ast.USub) else node.op))
        if not isinstance(node.op, ast.USub):
            changes[-1] = _without(node)
    elif isinstance(node, ast.Constant):
        changes += _other_constants(node)
    elif isinstance(node, ast.Attribute) and node.attr in _NAMES:
        changes.append(_set(node, "attr", _NAMES[node.attr]))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _NAMES:
        changes.append(_set(node, "id", _NAMES[node.id]))
    elif isinstance(node, ast.IfExp | ast.If | ast.While):
        changes.append(_negated(node))
    elif (isinstance(node, ast.Return) and node.value is not None) or isinstance(node, ast.Expr):
        changes.append(_set(node, "value", ast.Constant(None)))
    return changes


def _other_constants(node: ast.Constant) -> list[Callable[[], None]]:
    value = node.value
    if isinstance(value, bool):
        return [_set(node, "value", not value)]
    if isinstance(value, int | float):
        return [_set(node, "value", value + 1), *([_set(node, "value", value - 1)] if value > 1 else [])]
    if isinstance(value, str) and value:
        return [_set(node, "value", value + "?")]
    return []


def _set(node: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _put(items: list[ast.cmpop], place: int, value: ast.cmpop) -> Callable[[], None]:
    return lambda: items.__setitem__(place, value)


def _without(node: ast.UnaryOp) -> Callable[[], None]:
    def change() -> None:
        node.op, node.operand = ast.UAdd(), ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])

    return change


def _negated(node: ast.If | ast.While | ast.IfExp) -> Callable[[], None]:
    def change() -> None:
        node.test = ast.UnaryOp(ast.Not(), node.test)

    return change
