"""The public verbs: read what is named with io, then call the core."""
