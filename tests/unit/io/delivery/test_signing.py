"""Signatures and secrets."""

import base64

import pytest

from costmodel.errors import BadInputError
from costmodel.io.delivery.secret import SecretReference, parse_secret_reference
from costmodel.io.delivery.signing import parse_signing_key, signature_headers


def test_the_published_example_has_the_published_signature():
    # https://github.com/standard-webhooks/standard-webhooks, test vectors of the libraries.
    key = parse_signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    headers = signature_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key]
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_key_there_is_an_id_and_a_time_but_no_signature():
    assert signature_headers("msg_1", 5, b"", []) == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "5",
    }


@pytest.mark.parametrize("size", [23, 65])
def test_a_key_of_the_wrong_length_is_refused(size):
    with pytest.raises(BadInputError, match=f"{size} bytes"):
        parse_signing_key("whsec_" + base64.b64encode(bytes(size)).decode())


def test_a_key_that_is_not_base64_is_refused_without_repeating_it():
    with pytest.raises(BadInputError) as caught:
        parse_signing_key("whsec_hunter2!")

    assert "hunter2" not in str(caught.value)


def test_secrets_come_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COSTMODEL_TEST_SECRET", "from-env")
    path = tmp_path / "secret"
    path.write_text("from-file\n")

    assert SecretReference("env:COSTMODEL_TEST_SECRET").reveal() == "from-env"
    assert parse_secret_reference(f"file:{path}", "x").reveal() == "from-file"


@pytest.mark.parametrize("place", ["env:COSTMODEL_ABSENT", "file:/no/such/file"])
def test_an_absent_secret_is_an_error_that_names_the_place(place):
    with pytest.raises(BadInputError, match=place):
        SecretReference(place).reveal()


def test_an_empty_file_holds_no_secret(tmp_path):
    (tmp_path / "empty").write_text(" \n")

    with pytest.raises(BadInputError, match="the file is empty"):
        SecretReference(f"file:{tmp_path / 'empty'}").reveal()


@pytest.mark.parametrize("text", ["whsec_c2VjcmV0", "env:", "vault:x"])
def test_a_secret_in_clear_is_refused_without_repeating_it(text):
    with pytest.raises(BadInputError, match="write env:NAME") as caught:
        parse_secret_reference(text, "webhooks.yaml")

    assert "c2VjcmV0" not in str(caught.value)
