"""What a store keeps: normalised rows in sorted, dictionary-encoded Parquet, and daily sums.

Text is handled in dictionary space: an expression is evaluated once per distinct combination of
the raw columns it reads, and the answer gathered; a million rows hold a few thousand of them.
"""
