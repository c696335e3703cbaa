"""Texts with formulas in braces, such as ``Requests{'-FIFO' if fifo_queue}``."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.engine.formula.language import Array, Formula, Scope, Tables, compile_formula
from costmodel.engine.formula.scalar import Value, join_value
from costmodel.errors import FormulaError

_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: literal texts with a formula between each two of them."""

    text: str
    literals: tuple[str, ...]
    formulas: tuple[Formula, ...]
    value: Value = field(repr=False, compare=False)  # text or None on one row of plain values

    @property
    def names(self) -> frozenset[str]:
        """Names the template reads."""
        return frozenset().union(*(formula.names for formula in self.formulas))

    @property
    def tables(self) -> frozenset[str]:
        """Tables the template looks up."""
        return frozenset().union(*(formula.tables for formula in self.formulas))

    def evaluate(self, scope: Scope, length: int, tables: Tables | None = None) -> Array:
        """Return one text per row, (length,) objects; None where a part is unknown."""
        result = np.empty(length, dtype=object)
        if not self.formulas:
            result[:] = self.literals[0]
            return result
        parts = [
            np.broadcast_to(formula.evaluate(scope, tables), (length,))
            for formula in self.formulas
        ]
        result[:] = [self._join(row) for row in zip(*parts, strict=True)]
        return result

    def _join(self, values: tuple[Any, ...]) -> str | None:
        texts = [_text(value) for value in values]
        if None in texts:
            return None
        pieces = [self.literals[0]]
        for text, literal in zip(texts, self.literals[1:], strict=True):
            pieces += [str(text), literal]
        return "".join(pieces)


def compile_template(text: str) -> Template:
    """Return a template ready to evaluate.

    Raises:
        FormulaError: braces do not pair, or a formula is outside the language.
    """
    parts = _BRACES.split(text)
    literals, formulas = parts[::2], parts[1::2]
    if any("{" in literal or "}" in literal for literal in literals):
        raise FormulaError(f"template {text!r}: braces do not pair")
    compiled = tuple(map(compile_formula, formulas))
    value = join_value(literals, [formula.value for formula in compiled])
    return Template(text, tuple(literals), compiled, value)


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, float | np.floating) and value == int(value):
        return str(int(value))
    return str(value)
