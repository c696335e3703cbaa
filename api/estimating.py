"""Pricing an architecture that came as text or JSON: through a file, as every reader takes it."""

import atexit
import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from api.problems import Problem
from api.state import State
from costmodel import CostModelError, diff, estimate, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from costmodel.estimate.explain import Explanation

INLINE_BYTES: Final = 32 * 1024  # larger ones take over 10 ms: a thread


def source_text(architecture: Mapping[str, Any]) -> str:
    """Return an architecture as the text of a file."""
    if architecture.get("text") is not None:
        return str(architecture["text"])
    tree = architecture.get("spec")
    return orjson.dumps(tree if tree is not None else architecture["plan"]).decode()


@contextmanager
def source_file(architecture: Mapping[str, Any], side: str) -> "Iterator[Path]":
    """Give a file with an architecture; errors speak of the field it came from."""
    field = next(name for name in ("spec", "plan", "text") if architecture.get(name) is not None)
    place = f"body.{side}.{field}" if side else f"body.{field}"
    suffix = ".yaml" if field == "text" else ".json"
    # A name nobody can guess, in a folder of this process: readers look beside a file.
    path = Path(_folder()) / f"{secrets.token_hex(16)}{suffix}"
    try:
        path.write_text(source_text(architecture), encoding="utf-8")
        yield path
    except UnicodeEncodeError:
        raise Problem(422, "bad-input", f"{place}: is not Unicode", path=place) from None
    except CostModelError as error:
        text = " ".join(str(error).split()).replace(f"{path}: ", "").replace(str(path), field)
        raise Problem(422, "bad-input", text, path=place) from None
    finally:
        path.unlink(missing_ok=True)


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="costmodel-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def price(state: State, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the estimate of a request as JSON; equal requests are priced once."""
    key = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).digest()
    known: dict[str, Any] | None = state.estimates.get(key)
    if known is None:
        known = _price(state, request)
        state.estimates.put(key, known)
    return known


def _price(state: State, request: Mapping[str, Any]) -> dict[str, Any]:
    from datetime import date

    as_of = request.get("as_of")
    with source_file(request, "") as path:
        return estimate(
            path,
            state.catalog,
            region=request.get("region"),
            pool_tiers=request.get("pool_tiers", "account"),
            free_tier=request.get("free_tier", "none"),
            as_of=date.fromisoformat(as_of) if as_of else None,
        ).to_json()


def compare(state: State, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changing one architecture into another costs."""
    with source_file(before, "before") as old, source_file(after, "after") as new:
        return diff(_one(state, before, old), _one(state, after, new), state.catalog).to_json()


def _one(state: State, architecture: Mapping[str, Any], path: Path) -> Any:
    from costmodel.verbs.architectures import read_source

    return read_source(path, state.catalog, region=architecture.get("region"))


def working(state: State, request: Mapping[str, Any], address: str) -> "Explanation":
    """Return how every line of one resource came about."""
    with source_file(request, "") as path:
        return explain(path, address, state.catalog, region=request.get("region"))
