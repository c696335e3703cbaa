"""A chunk of raw rows as rows of ``bill`` in Arrow: texts in dictionary space, numbers in SQL."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from costmodel.bill.normalize.raw import (
    TAGS_TYPE,
    Sql,
    distinct_name,
    header_of,
    quote,
    snake_case,
)
from costmodel.bill.normalize.relation import (
    BILL_COLUMNS,
    MEASURES,
    Expressions,
    Rows,
    select,
    select_unused,
)
from costmodel.bill.normalize.source_rows import (
    AS_STORED,
    EXACT,
    rows_of_columns,
)
from costmodel.bill.normalize.stored import TAG_COLUMN
from costmodel.bill.normalize.tags import TAG_PREFIX, tag_key
from costmodel.bill.source import BillFormat
from costmodel.bill.store.codes import (
    Codes,
    Numbering,
    as_one,
    codes_of,
    combinations,
    combined,
    encoded,
    gather,
    sort_order,
    taken,
    without_empty,
)

if TYPE_CHECKING:
    import duckdb

_REFERENCE = re.compile(r'"((?:[^"]|"")+)"')
_RAW: Final = "raw_chunk"

# The order of rows inside a file.
SORTED_BY: Final = ("x_ServiceCode", "x_UsageType", "RegionId", "SubAccountId")

# Unique on every row and half the size of a store; duplicates are looked for in the files.
NOT_STORED: Final = frozenset(("x_LineItemId",))


def copied_numbers(types: Mapping[str, str]) -> tuple[str, str]:
    """Return the SQL types a store keeps amounts and quantities in.

    A file with doubles is kept in doubles: half the bytes, and no digit is lost that it had.

    Args:
        types: raw column → DuckDB type.
    """
    has_doubles = any(kind in ("DOUBLE", "FLOAT") for kind in types.values())
    return AS_STORED if has_doubles else EXACT


def stored_types(types: Mapping[str, str]) -> dict[str, str]:
    """Return the type of each column of ``bill`` in a store, by the types of the raw columns."""
    number, _ = copied_numbers(types)
    return {n: number if n in MEASURES else kind for n, kind in BILL_COLUMNS.items()}


@dataclass(frozen=True)
class ChunkMapping:
    """How the raw columns of one schema become columns of ``bill``.

    Attributes:
        rows: expressions, amounts as ``copied_numbers`` says.
        types: raw column → DuckDB type.
        tags: raw tag column → its name in the store.
    """

    rows: Rows
    types: Mapping[str, str]
    tags: Mapping[str, str]

    @cached_property
    def plain_texts(self) -> dict[str, str]:
        """Columns of ``bill`` that are a raw text column with '' as null: bill → raw."""
        plain = {f"NULLIF({quote(raw)}, '')": raw for raw, kind in self.types.items()
                 if kind == "VARCHAR"}  # fmt: skip
        return {
            name: plain[sql] for name, sql in self.rows.columns.items() if sql and sql in plain
        }

    @cached_property
    def by_combination(self) -> Expressions:
        """Expressions that read text only: evaluated once per combination."""
        return {name: sql for name, sql in self.kept.items()
                if name not in self.plain_texts and self._reads_text_only(sql)}  # fmt: skip

    @cached_property
    def by_row(self) -> Expressions:
        """The other expressions: evaluated on every row."""
        return {name: sql for name, sql in self.kept.items()
                if name not in self.plain_texts and name not in self.by_combination}  # fmt: skip

    @cached_property
    def raw_columns(self) -> list[str]:
        """Raw columns that anything reads."""
        read = {raw for sql in self.kept.values() for raw in references(sql or "")}
        read |= {raw for sql in self.rows.unused.values() for raw in references(sql or "")}
        conditions = (self.rows.where, self.rows.unused_where, self.rows.split_where)
        read |= {raw for sql in conditions for raw in references(sql or "")}
        read |= {raw for sql in self.rows.split.values() for raw in references(sql or "")}
        # That a report has split-cost columns at all says that it has rows to leave out.
        read |= {name for name in self.types if snake_case(name).startswith("split_line_item_")}
        return [name for name in self.types if name in read or name in self.tags]

    @property
    def kept(self) -> Expressions:
        """Columns the store keeps: tags have columns of their own where they had before."""
        left_out = NOT_STORED | ({"Tags"} if self.tags else set())
        return {name: sql for name, sql in self.rows.columns.items()
                if sql is not None and name not in left_out}  # fmt: skip

    def _reads_text_only(self, sql: Sql | None) -> bool:
        read = references(sql or "")
        return all(self.types.get(raw) == "VARCHAR" for raw in read)


def references(sql: Sql) -> list[str]:
    """Return the column names an expression reads, literals left out."""
    bare = re.sub(r"'(?:[^']|'')*'", "''", sql)
    return list(dict.fromkeys(name.replace('""', '"') for name in _REFERENCE.findall(bare)))


def chunk_mapping(
    bill_format: BillFormat, types: Mapping[str, str], prefixes: Mapping[str, str]
) -> ChunkMapping:
    """Return the mapping of one raw schema.

    Args:
        bill_format: format of the rows.
        types: raw column → DuckDB type.
        prefixes: usage-type prefix → region or zone.
    """
    rows = rows_of_columns(bill_format, types, prefixes, copied_numbers(types))
    tags = {name: TAG_COLUMN + distinct_name(tag_key(name if "/" in name else snake_case(name)))
            for name in types if snake_case(header_of(name)).startswith(TAG_PREFIX)}  # fmt: skip
    if bill_format is BillFormat.FOCUS:
        # Columns of the exporter's own. Those of a CUR are many, and answer from its files only.
        own: Expressions = {name: sql for name, (sql, _) in rows.other.items()}
        rows = replace(rows, columns=own | rows.columns)
    return ChunkMapping(rows, types, tags)


def duckdb_types(schema: pa.Schema) -> dict[str, str]:
    """Return the DuckDB type of each column of an Arrow schema."""
    return {field.name: _duckdb_type(field.type) for field in schema}


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _duckdb_type(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "VARCHAR"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz is None else "TIMESTAMP WITH TIME ZONE"
    if pa.types.is_map(kind):
        is_text = pa.types.is_string(kind.item_type)
        return TAGS_TYPE if is_text else "MAP(VARCHAR, DOUBLE)"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "STRUCT(key VARCHAR, value VARCHAR)[]"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return "DOUBLE" if pa.types.is_floating(kind) else "BIGINT"


class Memory:
    """Combinations seen and the values of their columns."""

    def __init__(self) -> None:
        self.values: dict[str, pa.Array] = {}
        self._texts: dict[str, Numbering] = {}
        self._places = Numbering()

    def places(self, few: pa.Table) -> tuple[Codes, Codes]:
        """Return where combinations stand (k,), and the rows of those not seen before.

        Args:
            few: (k,) combinations, each once.
        """
        codes = [self._texts.setdefault(name, Numbering()).numbers(_text(few[name]))[0]
                 for name in few.column_names]  # fmt: skip
        return self._places.numbers(as_one(codes))

    def add(self, values: Mapping[str, pa.Array]) -> None:
        """Remember the values of further combinations."""
        self.values = {
            name: pa.concat_arrays([self.values[name], more]) if name in self.values else more
            for name, more in values.items()
        }


class ChunkNormalizer:
    """Turns raw chunks of one format into rows of ``bill``; one per thread.

    Args:
        connection: DuckDB connection of this thread.
        bill_format: format of the rows.
        prefixes: usage-type prefix → region or zone.
    """

    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        bill_format: BillFormat,
        prefixes: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._format = bill_format
        self._prefixes = prefixes
        self._mappings: dict[str, ChunkMapping] = {}
        self._memory: dict[tuple[int, tuple[str, ...]], Memory] = {}

    def mapping(self, schema: pa.Schema) -> ChunkMapping:
        """Return the mapping of a schema, made once."""
        key = str(schema.remove_metadata())
        if key not in self._mappings:
            self._mappings[key] = chunk_mapping(self._format, duckdb_types(schema), self._prefixes)
        return self._mappings[key]

    def arranged(self, raw: pa.Table) -> pa.Table:
        """Return a chunk in the order of a store, which brings equal prices together."""
        mapping = self.mapping(raw.schema)
        read = {name for column in SORTED_BY
                for name in references(mapping.rows.columns.get(column) or "")
                if mapping.types.get(name) == "VARCHAR"}  # fmt: skip
        by = [raw[name] for name in raw.column_names if name in read]
        return taken(raw, pa.array(sort_order(by, len(raw)))) if by else raw

    def normalize(self, raw: pa.Table) -> pa.Table:
        """Return a chunk's rows, in its order, without those of unused commitment."""
        mapping = self.mapping(raw.schema)
        raw = self._filtered(raw, mapping.rows.where)
        columns = {name: without_empty(raw[source])
                   for name, source in mapping.plain_texts.items()}  # fmt: skip
        columns |= {mapping.tags[name]: without_empty(raw[name]) for name in mapping.tags}
        columns |= self._by_combination(raw, mapping)
        columns |= self._by_row(raw, mapping)
        return pa.table(columns)

    def fee_rows(self, raw: pa.Table) -> pa.Table:
        """Return the raw rows that may carry unused commitment: few, so kept for the end."""
        rows = self.mapping(raw.schema).rows
        if rows.unused_where is None:
            return raw.slice(0, 0)
        return self._filtered(raw, rows.fee_where)

    def unused_rows(self, fees: pa.Table) -> pa.Table | None:
        """Return the rows of unused commitment of ``fee_rows``; None where there are none."""
        mapping = self.mapping(fees.schema)
        rows = mapping.rows
        if rows.unused_where is None or not len(fees):
            return None
        # Few rows, so added up exactly: 0.05 + 0.01 is 0.06 here, not 0.060000000000000005.
        exact = rows_of_columns(self._format, mapping.types, self._prefixes, EXACT)
        wanted = {name: BILL_COLUMNS[name] for name in mapping.kept}
        tags: Expressions = {
            store: f"NULLIF({quote(name)}, '')" for name, store in mapping.tags.items()
        }
        extended = replace(exact, columns=exact.columns | tags, where=None)
        query = select_unused(extended, _RAW, wanted | dict.fromkeys(tags, "VARCHAR"))
        found = self._query(fees, query)
        if copied_numbers(mapping.types) == AS_STORED:
            found = _with_doubles(found)
        return _with_dictionaries(found) if len(found) else None

    def split_rows(self, raw: pa.Table) -> pa.Table | None:
        """Return a chunk's split-cost rows; None where it has none."""
        rows = self.mapping(raw.schema).rows
        if not rows.split:
            return None
        kinds = stored_types(self.mapping(raw.schema).types)
        found = self._query(raw, select(rows.split, _RAW, rows.split_where, kinds))
        return found if len(found) else None

    def _filtered(self, raw: pa.Table, where: Sql | None) -> pa.Table:
        if where is None:
            return raw
        read = references(where)
        groups = combinations([raw[name] for name in read], len(raw))
        answer = self._query(raw.select(read).take(pa.array(groups.first)),
                             f"SELECT ({where}) AS keep FROM {_RAW}")  # fmt: skip
        keep = gather(_one(answer["keep"]), groups.code)
        return raw if keep.true_count == len(raw) else raw.filter(keep)

    def _by_combination(self, raw: pa.Table, mapping: ChunkMapping) -> dict[str, pa.Array]:
        found: dict[str, pa.Array] = {}
        texts = {raw for sql in mapping.by_combination.values() for raw in references(sql or "")}
        codes = {name: codes_of(raw[name]) for name in texts}
        for read, names in _grouped(mapping.by_combination).items():
            groups = combined([codes[name] for name in read], len(raw))
            if not read:
                one = self._query(
                    pa.table({"one": [1]}), _select(mapping, mapping.by_combination, names)
                )
                found |= {name: gather(_one(one[name]), groups.code) for name in names}
                continue
            few = raw.select(read).take(pa.array(groups.first))
            place, values = self._remembered(mapping, tuple(names), few)
            found |= {name: gather(values[name], place[groups.code]) for name in names}
        return found

    def _remembered(
        self, mapping: ChunkMapping, names: tuple[str, ...], few: pa.Table
    ) -> tuple[Codes, dict[str, pa.Array]]:
        """Return where the answers of some combinations stand, new ones evaluated.

        Planning an expression of a hundred branches costs more than a chunk's arithmetic, and the
        combinations of one chunk are nearly those of the next.
        """
        memory = self._memory.setdefault((id(mapping), names), Memory())
        place, new = memory.places(few)
        if len(new):
            query = _select(mapping, mapping.by_combination, names)
            answer = self._query(few.take(pa.array(new)), query)
            memory.add({name: _one(answer[name]) for name in names})
        return place, memory.values

    def _by_row(self, raw: pa.Table, mapping: ChunkMapping) -> dict[str, Any]:
        if not mapping.by_row:
            return {}
        read = {name for sql in mapping.by_row.values() for name in references(sql or "")}
        once = {sql: name for name, sql in mapping.by_row.items()}
        few = raw.select([name for name in raw.column_names if name in read])
        answer = self._query(few, _select(mapping, mapping.by_row, once.values()))
        return {name: answer[once[sql]] for name, sql in mapping.by_row.items()}

    def _query(self, table: pa.Table, query: Sql) -> pa.Table:
        # Rows must come back in the order they went in: one thread, and order preserved.
        self._connection.register(_RAW, table)
        return self._connection.sql(query).to_arrow_table()


def _select(mapping: ChunkMapping, expressions: Expressions, names: Iterable[str]) -> Sql:
    kinds = stored_types(mapping.types)
    return select(expressions, _RAW, None, {name: kinds.get(name, "VARCHAR") for name in names})


def _grouped(expressions: Expressions) -> dict[tuple[str, ...], list[str]]:
    """Return columns of ``bill`` by the raw columns they read.

    What reads a part of the columns of another goes with that one: few more answers, and rows are
    brought together by one set of columns less.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, sql in expressions.items():
        groups.setdefault(tuple(sorted(references(sql or ""))), []).append(name)
    for read in sorted(groups, key=len):
        wider = [other for other in groups if read and set(read) < set(other)]
        if wider:
            groups[min(wider, key=lambda other: (len(other), other))] += groups.pop(read)
    return groups


def _text(column: pa.ChunkedArray) -> pa.Array:
    return _one(column.cast(pa.string()))


def _one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def _with_doubles(table: pa.Table) -> pa.Table:
    fields = [pa.field(f.name, pa.float64()) if pa.types.is_decimal(f.type) else f
              for f in table.schema]  # fmt: skip
    return table.cast(pa.schema(fields))


def _with_dictionaries(table: pa.Table) -> pa.Table:
    for place, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            table = table.set_column(place, column.name, encoded(table[column.name]))
    return table
