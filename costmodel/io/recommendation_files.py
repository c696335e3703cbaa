"""Suppressions and the state of earlier runs, as files beside the recommendations."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel.errors import BadInputError
from costmodel.optimize.lifecycle import Suppression, parse_suppressions


def read_suppressions(path: Path) -> list[Suppression]:
    """Read a YAML list of suppressions; a file with nothing in it has none."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInputError(f"{path}: is not YAML; see 'recommend --help'") from None
    return parse_suppressions([] if document is None else document, str(path))


def read_state(path: Path) -> dict[str, dict[str, Any]]:
    """Read the state of earlier runs; a file that does not exist is a first run."""
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise BadInputError(f"{path}: is not a state file of 'recommend'; remove it") from None
    if not isinstance(document, dict) or not all(
        isinstance(record, dict)
        and {"status", "resource", "saving", "first_seen", "last_seen", "check"} <= set(record)
        for record in document.values()
    ):
        raise BadInputError(f"{path}: is not a state file of 'recommend'; remove it")
    return document


def write_state(path: Path, state: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the state of a run aside, then put it in its place.

    Raises:
        BadInputError: the folder does not exist or cannot be written to.
    """
    aside = path.with_name(f".{path.name}.new")
    try:
        aside.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise BadInputError(f"{path}: cannot be written ({error.strerror})") from None
