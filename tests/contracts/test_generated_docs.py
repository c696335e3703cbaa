"""The generated documentation says what sheets, catalog, columns and rules say."""

from pathlib import Path

from costmodel.cli.generate_docs import generated_pages

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_pages_are_in_step_with_the_code() -> None:
    pages = generated_pages()

    stale = [
        name
        for name, text in pages.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    gone = [
        page.name
        for page in (DOCS / "services").glob("*.md")
        if f"services/{page.name}" not in pages
    ]
    assert (stale, gone) == ([], []), "run: python -m costmodel.cli.generate_docs"
