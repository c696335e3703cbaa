"""``costmodel serve``: what it refuses, and the first key."""

import re

from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError


def test_no_key_is_needed_on_loopback_only(tmp_path):
    asked = ["serve", "--dev", "--host", "0.0.0.0", "--data", str(tmp_path)]
    done = CliRunner().invoke(app, asked)
    assert isinstance(done.exception, BadInputError)
    assert "0.0.0.0" in str(done.exception)


def test_init_prints_a_key_of_the_workspace(tmp_path):
    asked = ["serve", "--init", "--workspace", "team", "--data", str(tmp_path / "data")]
    first, second = (CliRunner().invoke(app, asked).output.strip() for _ in range(2))
    assert re.fullmatch(r"key_[0-9a-f]{28}\.[\w-]{43}", first)
    assert first != second
    assert first.partition(".")[2].encode() not in (tmp_path / "data/costmodel.db").read_bytes()
