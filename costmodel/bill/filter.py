"""The filter language of bills: a small grammar, compiled to SQL with escaped literals.

expr   := and ("or" and)*            and := not ("and" not)*         not := ["not"] test
test   := column op value | column ["not"] "in" "(" value, … ")" | column ["not"] "like" text
        | column "is" ["not"] "null" | column "between" value "and" value | "(" expr ")"
column := Name | Map['key'] | tag:key | "quoted name"     (Map: Tags, x_CostCategories, …)
(a missing value meets neither = nor !=; "not" turns a whole test round)
op     := = | == | != | <> | < | <= | > | >=            value := 'text' | "text" | number
"""

import re
from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

from costmodel.bill.normalize.raw import Sql, literal
from costmodel.errors import BadInputError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
    r"|(?P<tag>tag:(?:'(?:[^']|'')*'|[\w.:/@+-]+))"
    r"|(?P<entry>[A-Za-z_]\w*\s*\[\s*'(?:[^']|'')*'\s*\])"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<op><=|>=|<>|!=|==|=|<|>|\(|\)|,))",
    re.IGNORECASE,
)
_COMPARISONS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">",
                ">=": ">="}  # fmt: skip
_WORDS = frozenset(("and", "or", "not", "in", "like", "is", "null", "between"))
_MAX_DEPTH = 50


class Token(NamedTuple):
    """One word of a filter and where it begins."""

    kind: str
    text: str
    place: int


class Filter(NamedTuple):
    """A compiled filter: its SQL and the columns it reads."""

    sql: Sql
    columns: frozenset[str]


def compile_filter(text: str, resolve: Callable[[str], tuple[Sql, str]]) -> Filter:
    """Return a filter as SQL.

    Args:
        text: the expression.
        resolve: column as typed → (SQL expression, kind of ``columns.py``); raises
            ``BadInputError`` for a column there is not.

    Raises:
        BadInputError: the expression cannot be read; the message says where.
    """
    parser = _Parser(text, resolve)
    sql = parser.expression(0)
    parser.expect_end()
    return Filter(sql, frozenset(parser.columns))


def unknown_column(name: str, known: list[str]) -> BadInputError:
    """Return the error for a column there is not, with the nearest name."""
    by_lower = {column.lower(): column for column in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    hint = f"did you mean {by_lower[near[0]]}?" if near else "see docs/nomenclature.md"
    return BadInputError(f"a bill has no column {name}: {hint}")


class _Parser:
    def __init__(self, text: str, resolve: Callable[[str], tuple[Sql, str]]) -> None:
        self.columns: set[str] = set()
        self._text = text
        self._resolve = resolve
        self._tokens = _tokens(text)
        self._next = 0

    def expression(self, depth: int) -> Sql:
        if depth > _MAX_DEPTH:
            raise BadInputError(f"filter is nested more than {_MAX_DEPTH} deep: simplify it")
        parts = [self._conjunction(depth)]
        while self._take_word("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            raise self._error("expected 'and', 'or' or the end")

    def _conjunction(self, depth: int) -> Sql:
        parts = [self._negation(depth)]
        while self._take_word("and"):
            parts.append(self._negation(depth))
        return " AND ".join(parts)

    def _negation(self, depth: int) -> Sql:
        if self._take_word("not"):
            return f"({self._test(depth)}) IS NOT TRUE"
        return self._test(depth)

    def _test(self, depth: int) -> Sql:
        if self._take_op("("):
            inner = self.expression(depth + 1)
            self._need_op(")")
            return f"({inner})"
        column, kind = self._column()
        if self._take_word("is"):
            negated = "NOT " if self._take_word("not") else ""
            self._need_word("null")
            return f"{column} IS {negated}NULL"
        negated = "NOT " if self._take_word("not") else ""
        if self._take_word("in"):
            return f"{column} {negated}IN ({', '.join(self._list(kind))})"
        if self._take_word("like"):
            if kind != "text":
                raise self._error(f"like is for texts, and this column is a {kind}")
            return f"{column} {negated}LIKE {self._value('text')}"
        if self._take_word("between"):
            low = self._value(kind)
            self._need_word("and")
            return f"{column} {negated}BETWEEN {low} AND {self._value(kind)}"
        if negated:
            raise self._error("after 'not' comes in, like or between")
        return f"{column} {self._comparison()} {self._value(kind)}"

    def _column(self) -> tuple[Sql, str]:
        token = self._token("a column")
        if token.kind not in ("name", "tag", "entry", "text") or token.text.startswith("'"):
            raise self._error("expected a column", token)
        if token.text.lower() in _WORDS:
            raise self._error("expected a column", token)
        name = token.text.strip('"')
        self.columns.add(name)
        return self._resolve(name)

    def _comparison(self) -> Sql:
        token = self._token("a comparison")
        if token.text not in _COMPARISONS:
            raise self._error("expected =, !=, <, <=, >, >=, in, like, between or is", token)
        return _COMPARISONS[token.text]

    def _list(self, kind: str) -> list[Sql]:
        self._need_op("(")
        values = [self._value(kind)]
        while self._take_op(","):
            values.append(self._value(kind))
        self._need_op(")")
        return values

    def _value(self, kind: str) -> Sql:
        token = self._token("a value")
        if token.kind == "number":
            return literal(token.text) if kind in ("text", "time") else token.text
        if token.kind != "text":
            raise self._error("expected a 'text' or a number", token)
        quote = token.text[0]
        text = token.text[1:-1].replace(quote * 2, quote)
        if kind == "time":
            return f"CAST({literal(_checked_time(text))} AS TIMESTAMP)"
        if kind in ("money", "quantity", "number"):
            raise self._error("this column is a number: write it without quotes", token)
        return literal(text)

    def _token(self, wanted: str) -> Token:
        if self._next >= len(self._tokens):
            raise self._error(f"expected {wanted}")
        self._next += 1
        return self._tokens[self._next - 1]

    def _take(self, kinds: tuple[str, ...], text: str) -> bool:
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind in kinds and token.text.lower() == text:
                self._next += 1
                return True
        return False

    def _take_word(self, word: str) -> bool:
        return self._take(("name",), word)

    def _take_op(self, op: str) -> bool:
        return self._take(("op",), op)

    def _need_word(self, word: str) -> None:
        if not self._take_word(word):
            raise self._error(f"expected '{word}'")

    def _need_op(self, op: str) -> None:
        if not self._take_op(op):
            raise self._error(f"expected '{op}'")

    def _error(self, message: str, token: Token | None = None) -> BadInputError:
        at = token or (self._tokens[self._next] if self._next < len(self._tokens) else None)
        where = f"at '{at.text}' (character {at.place + 1})" if at else "at the end"
        return BadInputError(f"filter {self._text!r}: {message} {where}")


def _checked_time(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}:\d{2}(:\d{2})?Z?)?)?", text):
        raise BadInputError(f"'{text}' is not a date: write 2026-01-31 or 2026-01-31T12:00:00")
    full = f"{text}-01" if len(text) == len("2026-01") else text.rstrip("Z")
    try:
        datetime.fromisoformat(full)
    except ValueError:
        raise BadInputError(f"'{text}' is not a date: there is no such day or hour") from None
    return full


def _tokens(text: str) -> list[Token]:
    tokens, place = [], 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise BadInputError(
                f"filter {text!r}: cannot read {text[start]!r} (character {start + 1})"
            )
        kind = str(found.lastgroup)
        tokens.append(Token(kind, found.group(kind), found.start(kind)))
        place = found.end()
    return tokens
