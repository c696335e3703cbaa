"""Codes of a store: combinations, and rows brought into an order."""

import numpy as np
import pyarrow as pa

from costmodel.bill.store.codes import Numbering, as_one, combinations, taken

ORDER = pa.array([2, 0, 1])


def test_combinations_number_what_occurs_and_point_at_its_first_row():
    columns = [pa.array(["a", "b", "a", "b"]), pa.array([1, 1, 1, 2])]

    found = combinations(columns, 4)

    assert found.code.tolist() == [0, 1, 0, 2]
    assert found.first.tolist() == [0, 1, 3]


def test_no_columns_make_one_combination():
    found = combinations([], 3)

    assert found.code.tolist() == [0, 0, 0]
    assert found.first.tolist() == [0]


def test_taken_rows_are_those_arrow_takes_for_columns_of_every_kind():
    shared = pa.array([1.0, None, 3.0])
    codes = pa.array([0, 0, 0], pa.int32())
    first, second = (pa.DictionaryArray.from_arrays(codes, pa.array([t])) for t in "xy")
    longer = pa.chunked_array([pa.array(["p"]).dictionary_encode(),
                               pa.array(["q", "q"]).dictionary_encode()])  # fmt: skip
    table = pa.table(
        {
            "cost": shared, "copy": shared, "number": pa.array([3, 2, 1]),
            "one": first, "same codes, another text": second,
            "one or null": pa.array(["z", None, "z"]).dictionary_encode(),
            "null": pa.nulls(3, pa.dictionary(pa.int32(), pa.string())),
            "one per chunk": longer, "text": pa.array(["a", "b", "c"]),
            "tags": pa.array([[("k", "1")], [], None], pa.map_(pa.string(), pa.string())),
        }
    )  # fmt: skip

    found = taken(table, ORDER)

    assert found.schema == table.schema
    assert found.to_pylist() == table.take(ORDER).to_pylist()


def test_taken_parts_of_one_array_are_not_mistaken_for_each_other():
    whole = pa.array([1.0, 2.0, 3.0, 4.0])
    table = pa.table({"head": whole.slice(0, 3), "tail": whole.slice(1, 3)})

    found = taken(table, ORDER)

    assert found.to_pydict() == {"head": [3.0, 1.0, 2.0], "tail": [4.0, 2.0, 3.0]}


def test_values_keep_the_number_they_got_when_first_seen():
    numbering = Numbering()

    first, new = numbering.numbers(pa.array(["b", None, "b", "a", ""]))
    assert (first.tolist(), new.tolist()) == ([0, 1, 0, 2, 3], [0, 1, 3, 4])

    again, new = numbering.numbers(pa.array(["a", "c", None, "c", "b", ""]))
    assert (again.tolist(), new.tolist()) == ([2, 4, 1, 4, 0, 3], [1])

    none, new = numbering.numbers(pa.array([], pa.string()))
    assert (none.tolist(), new.tolist()) == ([], [])


def test_combined_codes_are_equal_where_all_columns_are():
    draw = np.random.default_rng(3)
    columns = [draw.integers(0, 3, 200), draw.integers(0, 1 << 40, 200) % 5]

    codes, new = Numbering().numbers(as_one(columns))

    pairs = list(zip(*(column.tolist() for column in columns), strict=True))
    order = list(dict.fromkeys(pairs))
    assert codes.tolist() == [order.index(pair) for pair in pairs]
    assert [pairs[row] for row in new] == order
