"""Every code block and command of the README and the documentation does what the page says."""

import pytest

from tests.docs.blocks import PAGES, ROOT, Command, Reader, check_output, read_blocks

RUNNABLE = ("console", "python", "yaml", "toml", "hcl", "json")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_says(page, tmp_path) -> None:
    reader = Reader(tmp_path)
    try:
        for block in read_blocks(page):
            reader.follow(block)
    finally:
        reader.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_has_no_block_that_is_not_run_unless_it_is_text(page) -> None:
    unknown = [b for b in read_blocks(page) if b.language not in (*RUNNABLE, "text", "sql")]

    assert [f"line {block.line}: {block.language!r}" for block in unknown] == []


def test_an_output_that_differs_from_the_page_is_found() -> None:
    with pytest.raises(AssertionError, match="the page shows"):
        check_output(Command("x", ["a", "b"]), ["a", "c"])
    with pytest.raises(AssertionError, match="goes on"):
        check_output(Command("x", ["a"]), ["a", "c"])


def test_an_ellipsis_stands_for_any_lines_and_the_end_of_one() -> None:
    check_output(Command("x", ["a", "…", "total …"]), ["a", "b", "c", "total 7"])
    check_output(Command("x", ["a", "…"]), ["a", "b", "c"])
