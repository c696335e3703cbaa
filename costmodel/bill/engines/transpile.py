"""The restricted DuckDB dialect in the words of other engines, by sqlglot."""

import re
from typing import Final, Literal, get_args

from costmodel.errors import BadInputError, MissingDependencyError

Dialect = Literal["duckdb", "spark", "athena", "trino"]
DIALECTS: Final = get_args(Dialect)

# What engines do differently without saying so; a query that uses one is wrong somewhere.
_NOT_PORTABLE = ("ARG_MIN", "ARG_MAX", "ARGMIN", "ARGMAX", "SEMI JOIN", "ANTI JOIN", "ASOF JOIN")
# DuckDB's quick way to drop a zone from a UTC time is a cast elsewhere.
_ZONELESS = re.compile(r'MAKE_TIMESTAMP\(EPOCH_US\(("(?:[^"]|"")+")\)\)')


def transpile_query(query: str, dialect: Dialect) -> str:
    """Return a query in another engine's dialect.

    Raises:
        BadInputError: the query is not in the restricted dialect, or the engine is unknown.
        MissingDependencyError: sqlglot is not installed.
    """
    if dialect not in DIALECTS:
        raise BadInputError(f"engine {dialect}: choose one of {', '.join(DIALECTS)}")
    try:
        import sqlglot
    except ImportError:
        raise MissingDependencyError("sqlglot", "sql") from None

    portable = _ZONELESS.sub(r"CAST(\1 AS TIMESTAMP)", query)
    upper = portable.upper()
    for word in _NOT_PORTABLE:
        if word in upper:
            raise BadInputError(f"the query uses {word}, which engines do not share: rewrite it")
    try:
        (statement,) = sqlglot.parse(portable, read="duckdb")
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        raise BadInputError(f"the query cannot be read: {error}") from None
    if statement is None:
        raise BadInputError("the query is empty")
    if dialect == "duckdb":
        return query
    text: str = statement.sql(dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)
    return text
