"""The savings rules that travel with the program (costmodel/optimize/rules/*.toml)."""

import tomllib
from functools import cache
from importlib import resources

from costmodel.errors import SheetError
from costmodel.optimize.rule import RuleBook, parse_rules


@cache
def load_rules() -> RuleBook:
    """Return every rule and usage model."""
    folder = resources.files("costmodel.optimize") / "rules"
    documents = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            try:
                documents[file.name] = tomllib.loads(file.read_text(encoding="utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise SheetError(f"{file.name}: {error}") from None
    return parse_rules(documents)
