"""Writing the generated documentation."""

import pytest

from costmodel.cli import generate_docs


def test_pages_are_written_and_pages_of_services_gone_are_removed(tmp_path, monkeypatch) -> None:
    pages = {"services/sqs.md": "# SQS\n", "nomenclature.md": "# Nomenclature\n"}
    monkeypatch.setattr(generate_docs, "generated_pages", lambda: pages)
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "gone.md").write_text("# Gone\n", encoding="utf-8")

    generate_docs.main([str(tmp_path)])

    written = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*.md")
    }
    assert written == pages


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["--out", "docs"], 2), (["docs", "more"], 2)]
)
def test_options_make_no_folder(tmp_path, monkeypatch, capsys, arguments, code) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(generate_docs, "generated_pages", lambda: {"nomenclature.md": "# N\n"})

    with pytest.raises(SystemExit) as ended:
        generate_docs.main(arguments)

    assert ended.value.code == code
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr()
    assert "usage: python -m costmodel.cli.generate_docs" in said.out + said.err
