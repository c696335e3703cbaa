"""Bills of every AWS format as one relation in FOCUS columns."""
