"""Readers of bills: what is there, which format it is, and one reader per format."""
