"""Write the documentation that is made from sheets, catalog, columns and rules.

``python -m costmodel.cli.generate_docs [DOCS]`` writes below docs/; a test holds it in step.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

USE: Final = "Write the documentation that is made from sheets, catalog, columns and rules."


def generated_pages() -> dict[str, str]:
    """Return path below docs/ → text of every generated page."""
    from costmodel.io.catalog_store import load_catalog
    from costmodel.io.rule_files import load_rules
    from costmodel.report.coverage import cover_services, page_name
    from costmodel.report.nomenclature import nomenclature_page
    from costmodel.report.rules import rules_markdown
    from costmodel.report.service_pages import index_page, service_page

    catalog = load_catalog()
    services = cover_services(catalog)
    pages = {f"services/{page_name(one.sheet)}": service_page(one) for one in services}
    pages["services/index.md"] = index_page(services, catalog.published)
    pages["nomenclature.md"] = nomenclature_page()
    pages["rules.md"] = rules_markdown(load_rules())
    return pages


def main(arguments: Sequence[str]) -> None:
    """Write every page below the folder given (docs), and remove pages of services gone."""
    import argparse

    from costmodel.cli.output import write_text

    parser = argparse.ArgumentParser(prog="python -m costmodel.cli.generate_docs", description=USE)
    parser.add_argument("docs", nargs="?", default="docs", type=Path, help="folder; docs")
    docs: Path = parser.parse_args(arguments).docs
    (docs / "services").mkdir(parents=True, exist_ok=True)
    pages = generated_pages()
    for name, text in pages.items():
        write_text(docs / name, text)
    for page in (docs / "services").glob("*.md"):
        if f"services/{page.name}" not in pages:
            page.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
