"""Templates, and numbers as people read them."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from costmodel.report.table import format_cell

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"
NAVIGATION: Final = (
    ("/", "Overview"),
    ("/explore", "Explore"),
    ("/estimate", "Estimate"),
    ("/recommendations", "Recommendations"),
    ("/commitments", "Commitments"),
    ("/budgets", "Budgets"),
    ("/catalog", "Catalog"),
    ("/settings", "Settings"),
)


def money(value: Any, currency: str = "USD") -> str:
    """Return an amount to the cent; unknown is a dash."""
    text = format_cell(value, "money")
    return text if text == "–" else f"{text} {currency}"


def signed(value: Any) -> str:
    """Return a change with its sign."""
    text = format_cell(value, "money")
    return f"+{text}" if value is not None and value > 0 else text.replace("-", "−")


def percent(value: Any) -> str:
    """Return a share as a percentage."""
    return format_cell(value, "percent")


def price(value: Any) -> str:
    """Return a unit price with all its digits."""
    return format_cell(value, "price")


def quantity(value: Any) -> str:
    """Return a quantity."""
    return format_cell(value, "quantity")


def breakable(name: str) -> Markup:
    """Return a column's name that a narrow page may break between its words."""
    parts = re.split(r"(?<=[a-z0-9_])(?=[A-Z])", name)
    return Markup("<wbr>").join(parts)


def figure_data(figure: Any) -> Markup:
    """Return a plotly figure as a data block: JSON that no browser runs."""
    if figure is None:
        return Markup("")
    figure.layout.template = None
    figure.layout.title = None
    tree = orjson.loads(figure.to_json())
    for trace in tree["data"]:
        # Without a mode plotly marks every point of a short line.
        if trace.get("type") == "scatter":
            trace.setdefault("mode", "lines")
    return data_block(tree, "figure-data")


def data_block(tree: Any, css: str) -> Markup:
    """Return data as a JSON block of a page."""
    text = orjson.dumps(tree).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup('<script type="application/json" class="{}">{}</script>').format(
        css,
        Markup(text),  # noqa: S704 - JSON without <, > and &
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"money": money, "signed": signed, "percent": percent, "price": price,
               "quantity": quantity, "breakable": breakable, "figure": figure_data}  # fmt: skip
    environment.filters |= filters
    environment.globals["static"] = static_url
    return environment


@cache
def static_url(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def render(
    request: Request, template: str, values: Mapping[str, Any], status: int = 200
) -> Response:
    """Return a page."""
    state = request.app.state.costmodel
    path = request.url.path
    page = _environment().get_template(template)
    return HTMLResponse(
        page.render(
            navigation=NAVIGATION,
            path=path,
            is_dev=state.settings.is_dev,
            principal=getattr(request.state, "principal", None),
            query=dict(request.query_params),
            **values,
        ),
        status,
    )
