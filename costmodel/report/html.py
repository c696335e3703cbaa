"""A self-contained HTML page from tables and plotly figures; opens offline."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costmodel.report.table import ReportTable, to_html

if TYPE_CHECKING:
    import plotly.graph_objects as go

_STYLE = """
:root{color-scheme:light dark;--ink:#1a1f2b;--soft:#5b6474;--line:#d8dde6;--page:#fff;
--band:#f5f7fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa4b5;--line:#343b48;--page:#12151c;
--band:#1a1f29}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:2rem auto;
max-width:70rem;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p.lead,p.note{color:var(--soft)}p.note{font-size:.88rem;margin:.3rem 0}
table.cm{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.5rem 0}
table.cm caption{text-align:left;font-weight:600;padding:.4rem 0}
table.cm th,table.cm td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left}
table.cm .number{text-align:right}table.cm tbody tr:nth-child(even){background:var(--band)}
table.cm tfoot td{font-weight:600;border-top:2px solid var(--ink)}
.scroll{overflow-x:auto}
"""


def html_page(title: str, lead: str, parts: Sequence["ReportTable | go.Figure | str"]) -> str:
    """Return one HTML page; plotly.js is embedded once when a figure is among the parts.

    Args:
        title: heading of the page.
        lead: the answer in one sentence.
        parts: tables, plotly figures, or section headings (plain text).
    """
    body: list[str] = []
    has_script = False
    for part in parts:
        if isinstance(part, str):
            body.append(f"<h2>{html.escape(part)}</h2>")
        elif isinstance(part, ReportTable):
            body.append(f"<div class=scroll>{to_html(part)}</div>")
        else:
            body.append(_figure_html(part, embed_script=not has_script))
            has_script = True
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1><p class=lead>{html.escape(lead)}</p>"
        f"{''.join(body)}</body></html>"
    )


def _figure_html(figure: Any, *, embed_script: bool) -> str:
    text: str = figure.to_html(full_html=False, include_plotlyjs=embed_script)
    return text
