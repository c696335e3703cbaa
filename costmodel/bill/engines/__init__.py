"""Other engines for the queries on bills: Spark runs them, Athena and Trino get their SQL.

Queries are written once, in a restricted dialect DuckDB runs as it is: no ``arg_min``, no SEMI or
ANTI JOIN, money as DECIMAL, order by every column that decides.
"""
