"""A bill's rows by distinct key, found on its raw columns: few groups stand for millions of rows.

A file keeps its texts as dictionaries. An engine hashes those once per dictionary, while an
expression on texts, or a comparison, costs time on every row. So rows are grouped by one hash of
the raw columns that decide some columns of the relation, and the relation's expressions run on one
row of each group. Hashes have 64 bits: n keys share one with a probability of n²/2⁶⁵,
3e-12 at 10,000 keys and 7e-9 at 500,000.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from costmodel.bill.analysis.dialect import named
from costmodel.bill.normalize.raw import Sql, literal, quote
from costmodel.bill.normalize.relation import Expressions, Rows, select, select_folded
from costmodel.bill.query import Bill
from costmodel.bill.source import BillSource

RAW_KEY: Final = "x_RawKey"
ROWS: Final = "x_Rows"
_PART, _SUM = "x_KeyPart", "x_KeySum"


class SourceKeys:
    """How the rows of one source of a bill get their key.

    Args:
        bill: the bill.
        place: which of its sources.
        names: the columns of the relation that make a key.
    """

    def __init__(self, bill: Bill, place: int, names: Sequence[str]) -> None:
        self.source: BillSource = bill.sources[place]
        self.rows: Rows = bill.rows[place]
        self._bill = bill
        self._place = place
        self._names = names
        self._columns = self.rows.columns | self.rows.folded
        nested = {raw for raw, kind in self.source.columns.items()
                  if kind.startswith(("MAP", "STRUCT"))}  # fmt: skip
        read = {name: self._raw_columns(name) for name in names}
        # What a map holds beside the entry asked for must not tell keys apart.
        self._evaluated = [name for name in names if read[name] & nested]
        plain = {raw for name in names if name not in self._evaluated for raw in read[name]}
        self._constants = {raw: value for raw, value in self.source.constants.items()
                           if raw in plain}  # fmt: skip
        self._raw = sorted(plain - set(self._constants))

    def _raw_columns(self, name: str) -> set[str]:
        sql = self._columns.get(name) or ""
        return {raw for raw in self.source.columns if quote(raw) in sql}

    @property
    def key(self) -> Sql:
        """The key of a row as an expression on raw columns."""
        return f"HASH({', '.join([str(self._place), *self._parts.values()])})"

    @property
    def _parts(self) -> dict[str, Sql]:
        """What a key is made of."""
        evaluated = [str(self._columns[name]) for name in self._evaluated]
        return {f"{_PART}{i}": part
                for i, part in enumerate([*map(quote, self._raw), *evaluated])}  # fmt: skip

    def relation(self, names: Sequence[str], more: Expressions, scan: Sql = "") -> Sql:
        """Return the relation's columns of every row, unused commitment folded into its fee.

        Args:
            names: columns of the relation, or entries of its maps.
            more: further columns by name.
            scan: what to read instead of the source's own scan.
        """
        kinds = {name: self._bill.names.sql_type(name) for name in names}
        columns = self.rows.columns | self._bill.names.entries(self.rows, names) | more
        return select_folded(
            replace(self.rows, columns=columns), scan or self.source.scan,
            kinds | dict.fromkeys(more, ""),
        )  # fmt: skip

    def grouped(self, sums: Sequence[str], condition: Sql, read: Sequence[str]) -> Sql:
        """Return the keys of rows that meet a condition, with sums and the number of rows.

        Args:
            sums: columns of the relation to add up.
            condition: on columns of the relation.
            read: the columns it reads.
        """
        parts = self._parts
        inner = self.relation(list(dict.fromkeys([*read, *sums])), {RAW_KEY: self.key, **parts})
        kept = f"SELECT * FROM ({inner}) AS bill WHERE {condition}"
        shown = [(RAW_KEY, RAW_KEY), ("COUNT(*)", ROWS)]
        shown += [(f"FIRST({part})", part) for part in parts]
        shown += [(f"SUM({quote(name)})", f"{_SUM}{i}") for i, name in enumerate(sums)]
        groups = f"SELECT {named(shown)} FROM ({kept}) AS kept GROUP BY {RAW_KEY}"
        return self._with_names(groups, sums)

    def _with_names(self, groups: Sql, sums: Sequence[str]) -> Sql:
        """Return groups with the relation's columns instead of the parts of their keys."""
        raw = [(part, raw) for part, raw in zip(self._parts, self._raw, strict=False)]
        raw += [(_literal(value), raw) for raw, value in sorted(self._constants.items())]
        evaluated = list(self._parts)[len(self._raw) :]
        summed = [f"{_SUM}{i}" for i in range(len(sums))]
        kept = ", ".join([RAW_KEY, ROWS, *evaluated, *summed])
        scan = (
            f"(SELECT {kept}{''.join(f', {n}' for n in [named(raw)] if n)} FROM ({groups}) AS g)"
        )
        keys: Expressions = {name: self._columns.get(name) for name in self._names}
        keys |= dict(zip(self._evaluated, evaluated, strict=True))
        keys |= {RAW_KEY: RAW_KEY, ROWS: ROWS} | dict(zip(sums, summed, strict=True))
        kinds = {name: self._bill.names.sql_type(name) for name in keys}
        return select(keys, f"{scan} AS keys", None, kinds)


def grouped_rows(
    bill: Bill, names: Sequence[str], sums: Sequence[str], condition: Sql, read: Sequence[str]
) -> Sql:
    """Return a bill's rows added up by key: ``x_RawKey``, names, sums and ``x_Rows``.

    A key of some names may stand in several rows; sums are exact.

    Args:
        bill: the bill.
        names: columns of the relation that make a key.
        sums: columns to add up.
        condition: which rows count, on columns of the relation.
        read: the columns it reads.
    """
    return " UNION ALL ".join(
        SourceKeys(bill, place, names).grouped(sums, condition, read)
        for place in range(len(bill.sources))
    )


def _literal(value: str | datetime) -> Sql:
    if isinstance(value, str):
        return literal(value)
    kind = "TIMESTAMP WITH TIME ZONE" if value.tzinfo else "TIMESTAMP"
    return f"CAST({literal(value.isoformat(' '))} AS {kind})"
