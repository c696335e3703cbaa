"""Prices as immutable tables, and the match from a usage key to its rate."""
