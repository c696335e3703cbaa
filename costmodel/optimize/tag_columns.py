"""Columns that follow from tags and names: environment, wish to keep."""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_ENVIRONMENT_KEYS: Final = ("environment", "env", "stage", "environment-type", "tier")
_PRODUCTION: Final = frozenset(("prod", "production", "prd", "live"))
_OTHER: Final = frozenset(
    ("dev", "development", "test", "testing", "qa", "uat", "staging", "stage", "stg", "sandbox",
     "nonprod", "non-prod", "nonproduction", "demo", "poc", "int", "ci")
)  # fmt: skip
KEEP_TAG: Final = "costmodel:keep"
# Names that say what nOps and others leave alone: kept, golden and standby resources.
_KEPT_NAME: Final = re.compile(
    r"(?i)(^|[^a-z])(keep|retain|golden|do-not-delete|disaster-recovery|dr)([^a-z]|$)"
)


def tag_columns(tags: Sequence[Any], names: Sequence[Any]) -> dict[str, Array]:
    """Return ``environment`` and ``is_kept`` of every resource.

    ``environment`` is production, nonproduction or None where no tag says so. ``is_kept`` is the
    tag ``costmodel:keep`` or a name such as *golden* or *keep*.

    Args:
        tags: (n,) pairs of key and value, or None.
        names: (n,) names, or None.
    """
    environment = np.empty(len(tags), dtype=object)
    is_kept = np.zeros(len(tags), dtype=bool)
    for row, (pairs, name) in enumerate(zip(tags, names, strict=True)):
        found = {str(k).lower(): str(v or "").lower() for k, v in pairs or ()}
        environment[row] = _environment(found) if found else None
        text = found.get("name", "") or str(name or "")
        is_kept[row] = found.get(KEEP_TAG, "false") not in ("false", "no", "0", "") or (
            _KEPT_NAME.search(text) is not None
        )
    return {"environment": environment, "is_kept": is_kept}


def _environment(tags: dict[str, str]) -> str | None:
    for key in _ENVIRONMENT_KEYS:
        value = tags.get(key, "")
        if value in _PRODUCTION:
            return "production"
        if value in _OTHER:
            return "nonproduction"
    return None
