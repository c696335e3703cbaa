"""Pricing an architecture that came as text or JSON: a spec as it is, all else through a file."""

import atexit
import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from api.answers import dump
from api.problems import Problem
from api.state import State
from costmodel import CostModelError, diff, estimate, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from costmodel.estimate.explain import Explanation
    from costmodel.verbs.architectures import Source

INLINE_BYTES: Final = 32 * 1024  # larger ones take over 10 ms: a thread
_LARGEST_KEPT: Final = 256 * 1024
# What a spec may hold; a plan or template under "spec" is read from a file.
_SPEC_KEYS: Final = frozenset(("region", "resources", "usage"))


def source_text(architecture: Mapping[str, Any]) -> str:
    """Return an architecture as the text of a file."""
    if architecture.get("text") is not None:
        return str(architecture["text"])
    tree = architecture.get("spec")
    return orjson.dumps(tree if tree is not None else architecture["plan"]).decode()


@contextmanager
def source_of(architecture: Mapping[str, Any], side: str) -> "Iterator[Source]":
    """Give an architecture to read, through a file if need be; errors speak of its field."""
    field = next(name for name in ("spec", "plan", "text") if architecture.get(name) is not None)
    place = f"body.{side}.{field}" if side else f"body.{field}"
    tree = architecture[field]
    if field == "spec" and tree.keys() <= _SPEC_KEYS:
        try:
            yield tree
        except CostModelError as error:
            raise _bad_input(str(error).removeprefix("spec: "), place) from None
        return
    suffix = ".yaml" if field == "text" else ".json"
    # A name nobody can guess, in a folder of this process: readers look beside a file.
    path = Path(_folder()) / f"{secrets.token_hex(16)}{suffix}"
    try:
        path.write_text(source_text(architecture), encoding="utf-8")
        yield path
    except UnicodeEncodeError:
        raise Problem(422, "bad-input", f"{place}: is not Unicode", path=place) from None
    except CostModelError as error:
        text = str(error).replace(f"{path}: ", "").replace(str(path), field)
        raise _bad_input(text, place) from None
    finally:
        path.unlink(missing_ok=True)


def _bad_input(text: str, place: str) -> Problem:
    return Problem(422, "bad-input", " ".join(text.split()), path=place)


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="costmodel-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Priced(NamedTuple):
    """An estimate as the text of its JSON, and its totals [USD a month]."""

    body: bytes
    list_cost: float
    effective_cost: float


def price(state: State, request: Mapping[str, Any]) -> Priced:
    """Return the estimate of a request; equal requests are priced once."""
    key = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).digest()
    known: Priced | None = state.estimates.get(key)
    if known is None:
        known = _price(state, request)
        if len(known.body) < _LARGEST_KEPT:
            state.estimates.put(key, known)
    return known


def _price(state: State, request: Mapping[str, Any]) -> Priced:
    as_of = request.get("as_of")
    with source_of(request, "") as source:
        tree = estimate(
            source,
            state.catalog,
            region=request.get("region"),
            pool_tiers=request.get("pool_tiers", "account"),
            free_tier=request.get("free_tier", "none"),
            as_of=date.fromisoformat(as_of) if as_of else None,
        ).to_json()
    if isinstance(source, Path):  # a file of ours, of which the client knows nothing
        for issue in tree["issues"]:
            issue["message"] = issue["message"].replace(str(source), source.suffix[1:])
    total = tree["total"]
    return Priced(dump(tree), total["list_cost"], total["effective_cost"])


def compare(state: State, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changing one architecture into another costs."""
    with source_of(before, "before") as old, source_of(after, "after") as new:
        return diff(_one(state, before, old), _one(state, after, new), state.catalog).to_json()


def _one(state: State, architecture: Mapping[str, Any], source: "Source") -> Any:
    from costmodel.verbs.architectures import read_source

    return read_source(source, state.catalog, region=architecture.get("region"))


def working(state: State, request: Mapping[str, Any], address: str) -> "Explanation":
    """Return how every line of one resource came about."""
    with source_of(request, "") as source:
        return explain(source, address, state.catalog, region=request.get("region"))
