"""Raw columns as SQL expressions: absent ones are None, empty text is NULL, money is DECIMAL.

A mapping asks for what it wants; a column the file does not have yields ``None``, and ``coalesce``
drops it, so that every mapping tolerates every vintage of a schema.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

MONEY_TYPE: Final = "DECIMAL(38, 18)"
QUANTITY_TYPE: Final = "DECIMAL(38, 12)"
TAGS_TYPE: Final = "MAP(VARCHAR, VARCHAR)"
# Narrow, so that it widens no branch of a CASE beside it.
ZERO: Final = "CAST(0 AS DECIMAL(18, 10))"

# An amount as spreadsheets write it: $1,234.50 with thousands parted, or not.
THOUSANDS: Final = r"^ *-? *[$]? *-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]*)? *$"

Sql = str


def quote(name: str) -> Sql:
    """Return an identifier in double quotes.

    Engines take identifiers that differ only in case for one, and entries of maps may: the key of
    ``Tags['Team']`` is made distinct from that of ``Tags['team']``.
    """
    if name.endswith("']"):
        column, mark, key = name.partition("['")
        name = column + mark + distinct_name(key)
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> Sql:
    """Return a text literal."""
    return "'" + text.replace("'", "''") + "'"


def snake_case(header: str) -> str:
    """Return a CUR header in the spelling of Athena: every capital starts a new word.

    ``savingsPlan/SavingsPlanARN`` is ``savings_plan_savings_plan_a_r_n``, and
    ``resourceTags/user:Cost Center`` is ``resource_tags_user_cost_center``.
    """
    words = re.sub(r"(?<=[^/:_\s])(?=[A-Z])|[^0-9A-Za-z]+", "_", header)
    return re.sub(r"_+", "_", words).strip("_").lower()


def distinct_name(header: str) -> str:
    """Return a name that differs from others in more than case, as engines need it.

    Capitals become ``^`` and a small letter: AWS allows no ``^`` in tag keys.
    """
    return re.sub(r"[A-Z^]", lambda found: "^" + found.group().lower(), header)


def header_of(name: str) -> str:
    """Return the header that ``distinct_name`` made a name of; other names are as they are."""
    return re.sub(r"\^(.)", lambda found: found.group(1).upper(), name)


def scan_names(headers: Sequence[str]) -> list[str]:
    """Return headers as a scan names them: those that differ only in case made distinct."""
    lower = Counter(header.lower() for header in headers)
    return [distinct_name(h) if lower[h.lower()] > 1 else h for h in headers]


def coalesce(*expressions: Sql | None) -> Sql | None:
    """Return the first expression that is not NULL, of those that exist."""
    known = [expression for expression in expressions if expression is not None]
    if len(known) < 2:
        return known[0] if known else None
    return f"COALESCE({', '.join(known)})"


def case(branches: Sequence[tuple[Sql, Sql | None]], otherwise: Sql | None) -> Sql | None:
    """Return a CASE of (condition, value) pairs; branches without a value give NULL."""
    if not branches:
        return otherwise
    whens = " ".join(f"WHEN {when} THEN {value or 'NULL'}" for when, value in branches)
    return f"CASE {whens} ELSE {otherwise or 'NULL'} END"


def isin(expression: Sql, values: Sequence[str]) -> Sql:
    """Return the test that a text is one of some literals."""
    return f"{expression} IN ({', '.join(map(literal, values))})"


class RawColumns:
    """The columns of a scan by their canonical names.

    Args:
        types: column name as in the scan → DuckDB type.
        canonical: how a name is looked up; identity by default.
        aliases: canonical name → other canonical names it may be spelled.
        numbers: SQL types of amounts and quantities; DOUBLE where a copy is made, not a sum.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        canonical: Mapping[str, str] | None = None,
        aliases: Mapping[str, Sequence[str]] | None = None,
        numbers: tuple[str, str] = (MONEY_TYPE, QUANTITY_TYPE),
    ) -> None:
        self._money_type, self._quantity_type = numbers
        self._aliases = aliases or {}
        self._canonical = {name: (canonical or {}).get(name, name) for name in types}
        self._actual: dict[str, str] = {}
        for name, known in self._canonical.items():
            self._actual.setdefault(known, name)
        self._types = types

    @property
    def names(self) -> list[str]:
        """Canonical names, in file order."""
        return list(self._actual)

    def texts_of(self, prefix: str) -> dict[str, Sql]:
        """Return actual column → text of all whose canonical name has a prefix.

        Two of them may have one canonical name: ``Cost Center`` and ``cost_center``.
        """
        return {
            name: f"NULLIF({quote(name)}, '')"
            if self._types[name].upper() == "VARCHAR"
            else f"CAST({quote(name)} AS VARCHAR)"
            for name, canonical in self._canonical.items()
            if canonical.startswith(prefix)
        }

    def find(self, name: str) -> str | None:
        """Return the actual name of a column, or None where the file lacks it."""
        for spelling in (name, *self._aliases.get(name, ())):
            if spelling in self._actual:
                return self._actual[spelling]
        return None

    def has(self, name: str) -> bool:
        """Return whether the file has the column."""
        return self.find(name) is not None

    def type_of(self, name: str) -> str:
        """Return the DuckDB type of a column; empty where the file lacks it."""
        actual = self.find(name)
        return "" if actual is None else self._types[actual].upper()

    def plain(self, name: str) -> Sql | None:
        """Return the column as it is."""
        actual = self.find(name)
        return None if actual is None else quote(actual)

    def text(self, *names: str) -> Sql | None:
        """Return the first filled text of some columns; '' counts as missing."""
        return coalesce(*map(self._one_text, names))

    def _one_text(self, name: str) -> Sql | None:
        column = self.plain(name)
        if column is None:
            return None
        if self.type_of(name) == "VARCHAR":
            return f"NULLIF({column}, '')"
        return f"CAST({column} AS VARCHAR)"

    def money(self, *names: str) -> Sql | None:
        """Return the first filled amount of some columns as DECIMAL."""
        return coalesce(*(self._number(name, self._money_type) for name in names))

    def quantity(self, *names: str) -> Sql | None:
        """Return the first filled quantity of some columns as DECIMAL."""
        return coalesce(*(self._number(name, self._quantity_type) for name in names))

    def _number(self, name: str, sql_type: str) -> Sql | None:
        column = self.plain(name)
        if column is None:
            return None
        if self.type_of(name).startswith("DECIMAL"):
            return column
        if self.type_of(name) != "VARCHAR":
            return f"CAST({column} AS {sql_type})"
        filled = f"NULLIF({column}, '')"
        # Spreadsheets write "$10,000.00 "; plain numbers take the quick way. A comma that parts no
        # thousands is an error: "12,34" is not 1234.
        bare = f"REPLACE(REPLACE(TRIM({filled}), '$', ''), ',', '')"
        grouped = f"REGEXP_MATCHES({filled}, {literal(THOUSANDS)})"
        spelled = f"CASE WHEN {grouped} THEN {bare} ELSE {filled} END"
        return f"COALESCE(TRY_CAST({filled} AS {sql_type}), CAST({spelled} AS {sql_type}))"

    def time(self, *names: str) -> Sql | None:
        """Return the first filled time of some columns as TIMESTAMP in UTC."""
        return coalesce(*map(self._one_time, names))

    def _one_time(self, name: str) -> Sql | None:
        column = self.plain(name)
        if column is None:
            return None
        if self.type_of(name) != "VARCHAR":
            return _without_zone(column, self.type_of(name))
        filled = f"NULLIF({column}, '')"
        slashes = f"TRY_STRPTIME({filled}, ['%Y/%m/%d %H:%M:%S', '%Y/%m/%d', '%m/%d/%y'])"
        iso = f"TRY_CAST({filled} AS TIMESTAMP)"
        return f"COALESCE({iso}, {slashes}, CAST({filled} AS TIMESTAMP))"

    def tags(self, name: str) -> Sql | None:
        """Return a map column: a map, a list of key-value structs, or text of JSON or Hive."""
        column = self.plain(name)
        if column is None:
            return None
        kind = self.type_of(name)
        if kind == TAGS_TYPE:
            return column
        if kind.startswith("MAP"):
            return f"CAST({column} AS {TAGS_TYPE})"
        if kind.startswith("STRUCT") and kind.endswith("[]"):
            return f"CAST(MAP_FROM_ENTRIES({column}) AS {TAGS_TYPE})"
        json = f"CAST(CAST(NULLIF({column}, '') AS JSON) AS {TAGS_TYPE})"
        # Hive parts entries by Ctrl-B, and key and value by Ctrl-C.
        entries = f"STRING_SPLIT({column}, CHR(2))"
        pair = "{'key': SPLIT_PART(entry, CHR(3), 1), 'value': SPLIT_PART(entry, CHR(3), 2)}"
        hive = f"MAP_FROM_ENTRIES(LIST_TRANSFORM({entries}, lambda entry: {pair}))"
        return f"CASE WHEN CONTAINS({column}, CHR(3)) THEN {hive} ELSE {json} END"

    def others(self, left_out: Callable[[str], bool]) -> dict[str, tuple[Sql, str]]:
        """Return columns as the file has them, with their types; '' is missing in texts.

        Args:
            left_out: which canonical names are not wanted.
        """
        wanted = [name for name in self.names if not left_out(name)]
        return {
            name: (self.text(name) or "", "VARCHAR")
            if self.type_of(name) == "VARCHAR"
            else (self.plain(name) or "", self.type_of(name))
            for name in wanted
        }

    def entry(self, name: str, key: str) -> Sql | None:
        """Return one entry of a map column; '' counts as missing."""
        tags = self.tags(name)
        return None if tags is None else f"NULLIF({tags}[{literal(key)}], '')"


def _without_zone(column: Sql, sql_type: str) -> Sql:
    """Return a time column as TIMESTAMP in UTC."""
    if sql_type == "TIMESTAMP":
        return column
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        # A cast asks the calendar of the session's zone for every row, at twice the time of a
        # whole group-by. Other engines get the cast (see ``engines.transpile``).
        return f"MAKE_TIMESTAMP(EPOCH_US({column}))"
    return f"CAST({column} AS TIMESTAMP)"
