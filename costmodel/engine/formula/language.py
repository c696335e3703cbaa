"""Compile a formula once, checked against a whitelist; evaluate it on arrays."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from costmodel.engine.formula.functions import (
    FUNCTIONS,
    as_flag,
    as_number,
    choose,
    constant,
    look_up,
)
from costmodel.engine.formula.scalar import Value, compile_value
from costmodel.errors import FormulaError

Array = npt.NDArray[Any]
Scope = Mapping[str, Array]
Tables = Mapping[str, Mapping[str, Any]]

_ARITHMETIC: Final[dict[type[ast.operator], np.ufunc]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
}
_ORDER: Final[dict[type[ast.cmpop], np.ufunc]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_LOOKUP = "lookup"
# A formula longer than this is a program; the parser also stays far from its recursion limit.
_MAX_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula: the names and tables it reads, its value on a row and on arrays."""

    text: str
    tree: ast.expr
    names: frozenset[str]
    tables: frozenset[str]
    value: Value = field(repr=False, compare=False)  # on plain values and the tables

    def evaluate(self, scope: Scope, tables: Tables | None = None) -> Array:
        """Return the value for every row of the scope.

        Args:
            scope: name → array; all of one length, or of length 1.
            tables: named tables for ``lookup``.

        Raises:
            FormulaError: a name or table is missing from the scope.
        """
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return _evaluate(self.tree, scope, tables or {})


def compile_formula(text: str) -> Formula:
    """Return a formula ready to evaluate.

    A conditional without ``else`` gives an empty text where it does not hold, which is what the
    optional part of a usage-type name needs.

    Raises:
        FormulaError: the text is outside the closed language; the message says what and where.
    """
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"formula of {len(text)} characters: at most {_MAX_LENGTH}")
    tree = _parse(text.strip())
    names: set[str] = set()
    tables: set[str] = set()
    _check(tree, text, names, tables)
    return Formula(text, tree, frozenset(names), frozenset(tables), compile_value(tree))


def _parse(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:
        return ast.parse(f"{text} else ''", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "cannot be read"
        raise FormulaError(f"formula {text!r}: {reason}") from None


def _check(node: ast.expr, text: str, names: set[str], tables: set[str]) -> None:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _check_all([left, right], text, names, tables)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            _check(operand, text, names, tables)
        case ast.BoolOp(values=values):
            _check_all(values, text, names, tables)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            _check_all([test, body, orelse], text, names, tables)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            _check_comparison(left, op, right, text, names, tables)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            _check_call(name, args, text, names, tables)
        case _:
            part = ast.unparse(node) if len(text) < 200 else type(node).__name__
            raise FormulaError(f"formula {text!r}: {part!r} is outside the formula language")


def _check_all(nodes: list[ast.expr], text: str, names: set[str], tables: set[str]) -> None:
    for node in nodes:
        _check(node, text, names, tables)


def _check_comparison(
    left: ast.expr, op: ast.cmpop, right: ast.expr, text: str, names: set[str], tables: set[str]
) -> None:
    _check(left, text, names, tables)
    if isinstance(op, ast.In | ast.NotIn):
        if not _is_constant_list(right):
            raise FormulaError(
                f"formula {text!r}: 'in' takes a list of constants, like ['a', 'b']"
            )
        return
    if type(op) not in _ORDER and not isinstance(op, ast.Eq | ast.NotEq):
        raise FormulaError(f"formula {text!r}: only < <= > >= == != in and not in compare")
    _check(right, text, names, tables)


def _is_constant_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and all(
        isinstance(element, ast.Constant) for element in node.elts
    )


def _check_call(
    name: str, args: list[ast.expr], text: str, names: set[str], tables: set[str]
) -> None:
    if name == _LOOKUP:
        if len(args) not in (2, 3) or not isinstance(args[0], ast.Name):
            raise FormulaError(f"formula {text!r}: write lookup(table, key) or with a default")
        tables.add(args[0].id)
        _check_all(args[1:], text, names, tables)
        return
    if name not in FUNCTIONS:
        known = ", ".join([*FUNCTIONS, _LOOKUP])
        raise FormulaError(f"formula {text!r}: no function {name!r}; there are {known}")
    _, fewest, most = FUNCTIONS[name]
    if not fewest <= len(args) <= most:
        raise FormulaError(f"formula {text!r}: {name} takes {fewest} to {most} arguments")
    _check_all(args, text, names, tables)


def _evaluate(node: ast.expr, scope: Scope, tables: Tables) -> Array:
    match node:
        case ast.Constant(value=value):
            return constant(value)
        case ast.Name(id=name):
            if name not in scope:
                raise FormulaError(f"formula reads {name!r}, which is not given")
            return scope[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, _evaluate(left, scope, tables), _evaluate(right, scope, tables))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~as_flag(_evaluate(operand, scope, tables))
        case ast.UnaryOp(operand=operand):
            return -as_number(_evaluate(operand, scope, tables))
        case ast.BoolOp(op=op, values=values):
            flags = [as_flag(_evaluate(value, scope, tables)) for value in values]
            combine = np.logical_and if isinstance(op, ast.And) else np.logical_or
            result = flags[0]
            for flag in flags[1:]:
                result = combine(result, flag)
            return result
        case ast.IfExp(test=test, body=body, orelse=orelse):
            parts = [_evaluate(part, scope, tables) for part in (test, body, orelse)]
            return choose(*parts)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compare(op, _evaluate(left, scope, tables), right, scope, tables)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, args, scope, tables)
    raise FormulaError(f"cannot evaluate {ast.dump(node)}")  # unreachable: _check saw every node


def _arithmetic(op: ast.operator, left: Array, right: Array) -> Array:
    ufunc = _ARITHMETIC[type(op)]
    result: Array = ufunc(as_number(left), as_number(right))
    # A division by 0 has no value: unknown, not an infinite quantity.
    return np.where(np.isfinite(result), result, np.nan)


def _compare(op: ast.cmpop, left: Array, right: ast.expr, scope: Scope, tables: Tables) -> Array:
    if isinstance(op, ast.In | ast.NotIn):
        assert isinstance(right, ast.List | ast.Tuple)  # noqa: S101 - checked at compile time
        values = [element.value for element in right.elts if isinstance(element, ast.Constant)]
        inside = np.zeros(left.shape, dtype=bool)
        for value in values:
            inside |= _equal(left, constant(value))
        return inside if isinstance(op, ast.In) else ~inside
    other = _evaluate(right, scope, tables)
    if isinstance(op, ast.Eq):
        return _equal(left, other)
    if isinstance(op, ast.NotEq):
        return ~_equal(left, other)
    result: Array = _ORDER[type(op)](as_number(left), as_number(other))
    return result


def _equal(left: Array, right: Array) -> Array:
    """Compare kind by kind: a flag with a flag, a number with a number, a text with a text."""
    if left.dtype == bool or right.dtype == bool:
        return np.asarray(as_flag(left) == as_flag(right), dtype=bool)
    if left.dtype == object or right.dtype == object:
        return np.asarray(left.astype(object) == right.astype(object), dtype=bool)
    return np.asarray(left == right, dtype=bool)


def _call(name: str, args: list[ast.expr], scope: Scope, tables: Tables) -> Array:
    if name != _LOOKUP:
        function = FUNCTIONS[name][0]
        return function(*[_evaluate(arg, scope, tables) for arg in args])
    assert isinstance(args[0], ast.Name)  # noqa: S101 - checked at compile time
    try:
        table = tables[args[0].id]
    except KeyError:
        raise FormulaError(
            f"formula looks up table {args[0].id!r}, which does not exist"
        ) from None
    values = [_evaluate(arg, scope, tables) for arg in args[1:]]
    return look_up(table, *values)
