"""Budgets, feedback and evaluation state from files."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from costmodel.budget.aws_import import budgets_from_aws, is_aws_budgets
from costmodel.budget.feedback import Feedback, parse_feedback
from costmodel.budget.model import Budget, parse_budgets
from costmodel.errors import BadInputError


def read_budgets(path: str | Path) -> list[Budget]:
    """Read budgets.yaml, or the JSON of the AWS Budgets API."""
    tree = _read_tree(Path(path))
    if is_aws_budgets(tree):
        return budgets_from_aws(tree, str(path))
    return parse_budgets(tree, str(path))


def read_feedback(path: str | Path) -> list[Feedback]:
    """Read what people said about anomalies (YAML)."""
    return parse_feedback(_read_tree(Path(path)), str(path))


def _read_tree(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path}: is not UTF-8 text") from None
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInputError(f"{path}: cannot be parsed ({' '.join(str(error).split())})") from None


class _Loader(yaml.SafeLoader):
    """YAML as people write budgets.

    The key ``on`` is a word here, not a truth value, and an account number such as 012345678901
    is text, not an octal number.
    """


_PLAIN_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:bool")
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in _PLAIN_TAGS]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
