"""A formula on one row of plain values means what it means on arrays."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from costmodel.engine.formula import compile_formula

# Names of each kind; a sheet's inputs have one kind, too.
KINDS = {"x": "number", "y": "number", "s": "text", "t": "text", "f": "flag", "g": "flag"}
TABLES = {"words": {"a": "Alpha", "1": "one"}, "numbers": {"a": 4, "2": 0.5}}
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, 0.5, 64.0, 1e-9, 1e17, float("nan")]),
    st.floats(0, 1e9),
)
TEXTS = st.sampled_from(["a", "b", "", "1", "12.5", "false", "true", "db.m5.large", None])


# What an expression of each kind may look like; N, T, F are expressions of a kind, A of any.
SHAPES = {
    "N": ["(A + A)", "(N - N)", "(N * N)", "(A / N)", "(N // N)", "(N % N)", "(-A)",
          "(N if A else N)", "min(A, N)", "max(N, N)", "ceil(A)", "floor(N)", "round(N, 2)",
          "coalesce(N, N)", "number(T)", "lookup(numbers, A, N)", "x", "y", "0", "1", "2.5"],
    "T": ["(T if A else T)", "coalesce(T, T)", "before(T, '.')", "after(T, 'a')", "lower(A)",
          "replace(T, 'a', 'b')", "lookup(words, A)", "lookup(words, A, T)", "s", "t", "'a'",
          "'1'", "''"],
    "F": ["(A and A)", "(A or F)", "(not A)", "(A == A)", "(A != A)", "(N < A)", "(A >= N)",
          "(A in ['a', 1, True])", "(T not in ('b', '1'))", "given(A)", "(F if A else F)",
          "starts_with(T, 'd')", "contains(T, T)", "f", "g", "True"],
}  # fmt: skip
LEAVES = {"N": ["x", "y", "1"], "T": ["s", "t", "'a'"], "F": ["f", "g"]}


@st.composite
def formulas(draw, kind="A", depth=3):
    if kind == "A":
        kind = draw(st.sampled_from("NTF"))
    shape = draw(st.sampled_from(SHAPES[kind] if depth else LEAVES[kind]))
    parts = re.split(r"\b([NTFA])\b", shape)
    parts[1::2] = [draw(formulas(kind, depth - 1)) for kind in parts[1::2]]
    return "".join(parts)


def on_array(formula, row):
    dtypes = {"number": float, "text": object, "flag": bool}
    arrays = {name: np.array([value], dtype=dtypes[KINDS[name]]) for name, value in row.items()}
    return formula.evaluate(arrays, TABLES)[0]


def same(one, other):
    """Unknown is NaN in an array of numbers, None in one of texts."""
    unknown = [value is None or value != value for value in (one, other)]
    if any(unknown):
        return all(unknown)
    return one == other


@given(formulas(), st.data())
def test_a_random_formula_has_the_value_an_array_of_one_row_gives(text, data) -> None:
    formula = compile_formula(text)
    strategy = {"number": NUMBERS, "text": TEXTS, "flag": st.booleans()}
    row = {name: data.draw(strategy[kind], name) for name, kind in KINDS.items()}

    assert same(formula.value(row, TABLES), on_array(formula, row)), row
