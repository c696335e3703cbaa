"""A formula on one row of plain values: closures, where arrays would be mostly overhead.

The meaning is that of ``language`` on arrays of length 1: a number is a float with NaN for
unknown, a text is a str with None for unknown, a flag is a bool. A property test holds the two
against each other.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from costmodel.errors import FormulaError

Row = Mapping[str, Any]
Tables = Mapping[str, Mapping[str, Any]]
Value = Callable[[Row, Tables], Any]

_NAN: Final = float("nan")


def compile_value(node: ast.expr) -> Value:
    """Return a checked expression as a function of a row's values and the named tables."""
    match node:
        case ast.Constant(value=bool() | str() | None as value):
            return _constant(value)
        case ast.Constant(value=int() | float() as value):
            return _constant(float(value))
        case ast.Name(id=name):
            return _name(name)
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, compile_value(left), compile_value(right))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _not(compile_value(operand))
        case ast.UnaryOp(operand=operand):
            return _negative(compile_value(operand))
        case ast.BoolOp(op=op, values=values):
            return _combined(op, [compile_value(value) for value in values])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _conditional(compile_value(test), compile_value(body), compile_value(orelse))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _comparison(op, compile_value(left), right)
        case ast.Call(func=ast.Name(id="lookup"), args=[ast.Name(id=table), *rest]):
            return _look_up(table, [compile_value(argument) for argument in rest])
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(_FUNCTIONS[name], [compile_value(argument) for argument in args])
    raise FormulaError(f"cannot evaluate {ast.dump(node)}")  # unreachable: the checker saw all


def as_number(value: Any) -> float:
    """Return a value as a number; None and text that is no number become NaN."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return _NAN


def as_flag(value: Any) -> bool:
    """Return a value as a flag; unknown is false, as an absent Terraform attribute is."""
    if value is True or value is False:
        return bool(value)
    if value is None or value == "" or value == "false":
        return False
    return bool(value == value and value != 0)


def is_given(value: Any) -> bool:
    """Return whether a value is known."""
    return value is not None and bool(value == value)


def as_text(value: Any) -> str | None:
    """Return a value as it stands in a usage type; unknown is None."""
    return _plain(value) if is_given(value) else None


def join_value(literals: Sequence[str], formulas: Sequence[Value]) -> Value:
    """Return a template as a function: its literals with the formulas' texts between them."""
    first, rest = literals[0], tuple(zip(formulas, literals[1:], strict=True))

    def value(row: Row, tables: Tables) -> str | None:
        pieces = [first]
        for formula, literal in rest:
            text = as_text(formula(row, tables))
            if text is None:
                return None
            pieces += (text, literal)
        return "".join(pieces)

    return value if rest else _constant(first)


def _plain(value: Any) -> str:
    return str(int(value)) if value.__class__ is float and value.is_integer() else str(value)


def _beside(chosen: Any, other: Any) -> Any:
    """Return what is chosen as an array would hold both: flags or numbers, not a mixture."""
    return float(chosen) if chosen.__class__ is bool and other.__class__ is float else chosen


def _coalesce(*values: Any) -> Any:
    result = values[-1]
    for earlier in reversed(values[:-1]):
        result = _beside(earlier, result) if is_given(earlier) else _beside(result, earlier)
    return result


def _constant(value: Any) -> Value:
    return lambda row, tables: value


def _name(name: str) -> Value:
    def value(row: Row, _tables: Tables) -> Any:
        try:
            return row[name]
        except KeyError:
            raise FormulaError(f"formula reads {name!r}, which is not given") from None

    return value


def _arithmetic(op: ast.operator, left: Value, right: Value) -> Value:
    operate = _ARITHMETIC[type(op)]

    def value(row: Row, tables: Tables) -> float:
        try:
            result: float = operate(as_number(left(row, tables)), as_number(right(row, tables)))
        except ZeroDivisionError:
            return _NAN
        return result if math.isfinite(result) else _NAN

    return value


_ARITHMETIC: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def _not(operand: Value) -> Value:
    return lambda row, tables: not as_flag(operand(row, tables))


def _negative(operand: Value) -> Value:
    return lambda row, tables: -as_number(operand(row, tables))


def _combined(op: ast.boolop, values: list[Value]) -> Value:
    if isinstance(op, ast.And):
        return lambda row, tables: all(as_flag(value(row, tables)) for value in values)
    return lambda row, tables: any(as_flag(value(row, tables)) for value in values)


def _conditional(test: Value, body: Value, orelse: Value) -> Value:
    def value(row: Row, tables: Tables) -> Any:
        condition = as_flag(test(row, tables))
        chosen = body(row, tables) if condition else orelse(row, tables)
        if chosen.__class__ is not bool:
            return chosen
        other = orelse(row, tables) if condition else body(row, tables)
        return _beside(chosen, other)

    return value


def _comparison(op: ast.cmpop, left: Value, right: ast.expr) -> Value:
    if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
        return _membership(left, right, is_inside=isinstance(op, ast.In))
    other = compile_value(right)
    if isinstance(op, ast.Eq):
        return lambda row, tables: _equal(left(row, tables), other(row, tables))
    if isinstance(op, ast.NotEq):
        return lambda row, tables: not _equal(left(row, tables), other(row, tables))
    order = _ORDER[type(op)]
    return lambda row, tables: order(as_number(left(row, tables)), as_number(other(row, tables)))


_ORDER: Final[dict[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _membership(left: Value, listed: ast.List | ast.Tuple, *, is_inside: bool) -> Value:
    values = [element.value for element in listed.elts if isinstance(element, ast.Constant)]

    def value(row: Row, tables: Tables) -> bool:
        found = left(row, tables)
        return any(_equal(found, element) for element in values) is is_inside

    return value


def _equal(left: Any, right: Any) -> bool:
    """Compare kind by kind: a flag with a flag, a number with a number, a text with a text."""
    if left.__class__ is bool or right.__class__ is bool:
        return as_flag(left) is as_flag(right)
    return bool(left == right)


def _call(function: Callable[..., Any], arguments: list[Value]) -> Value:
    if len(arguments) == 1:
        (only,) = arguments
        return lambda row, tables: function(only(row, tables))
    return lambda row, tables: function(*[argument(row, tables) for argument in arguments])


def _look_up(name: str, arguments: list[Value]) -> Value:
    key, *default = arguments

    def value(row: Row, tables: Tables) -> Any:
        try:
            table = tables[name]
        except KeyError:
            raise FormulaError(f"formula looks up table {name!r}, which does not exist") from None
        found = table.get(_plain(key(row, tables)))
        if isinstance(found, int | float):
            found = float(found)
        if not default:
            return found
        return _coalesce(found, *[each(row, tables) for each in default])

    return value


def _extreme(best: Callable[[float, float], float]) -> Callable[..., float]:
    def of(*values: Any) -> float:
        numbers = [as_number(value) for value in values]
        result = numbers[0]
        for number in numbers[1:]:
            result = best(result, number)
        return _NAN if any(number != number for number in numbers) else result

    return of


def _stepped(step: Callable[[float], int], tolerance: float) -> Callable[[Any], float]:
    def of(value: Any) -> float:
        number = as_number(value) + tolerance
        # -0.5 rounds up to -0.0, as it does in numpy.
        return math.copysign(step(number), number) if math.isfinite(number) else number

    return of


def _rounded(value: Any, digits: Any) -> float:
    try:
        scale = math.pow(10.0, as_number(digits))
        number = as_number(value) * scale
        return math.copysign(round(number), number) / scale
    except (OverflowError, ValueError, ZeroDivisionError):  # endless, unknown, no digit at all
        return _NAN


def _texts(function: Callable[..., Any]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        return None if None in values else function(*map(str, values))

    return of


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "min": _extreme(min),
    "max": _extreme(max),
    "ceil": _stepped(math.ceil, -1e-12),
    "floor": _stepped(math.floor, 1e-12),
    "round": _rounded,
    "given": is_given,
    "coalesce": _coalesce,
    "number": as_number,
    "starts_with": lambda text, prefix: as_flag(_texts(str.startswith)(text, prefix)),
    "contains": lambda text, part: as_flag(_texts(str.__contains__)(text, part)),
    "before": _texts(lambda text, mark: text.partition(mark)[0]),
    "after": _texts(lambda text, mark: text.partition(mark)[2]),
    "lower": _texts(str.lower),
    "replace": _texts(str.replace),
}
