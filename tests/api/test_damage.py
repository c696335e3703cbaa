"""Stored bills whose files rot: said clearly, never answered with wrong numbers, mended by import."""

from pathlib import Path

import pytest

from tests.api.conftest import wait_for
from tests.api.test_bills import FOCUS, upload


def flip(file: Path) -> None:
    """Change one byte in the middle: of compressed values, as a rotting disk would."""
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0x5A
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def replace(file: Path) -> None:
    file.write_bytes(b"PAR1 and then nothing")


def remove(file: Path) -> None:
    file.unlink()


@pytest.fixture
def stored(client, service) -> tuple[str, Path]:
    bill, _ = upload(client, FOCUS.encode())
    workspace = client.get("/v1/workspace").json()["id"]
    return bill, service.state.bills.folder(workspace, bill)


def mended(client, bill: str) -> dict:
    job = client.post(f"/v1/bills/{bill}/import").json()
    assert wait_for(client, job["id"])["status"] == "done"
    return client.get(f"/v1/bills/{bill}/costs").json()["total"]


@pytest.mark.parametrize(
    ("harm", "question"),
    [
        (flip, "costs"), (cut, "costs?group_by=ResourceId"), (replace, "export?format=focus"),
        (remove, "costs"), (flip, "forecast"),
    ],
)  # fmt: skip
def test_a_damaged_bill_is_a_clear_problem_and_an_import_mends_it(
    client, service, stored, harm, question
):
    bill, folder = stored
    for name in ("daily", "dataset"):
        harm(folder / name / "bill.parquet")
    answer = client.get(f"/v1/bills/{bill}/{question}")
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"] == "urn:costmodel:problem:damaged-bill"
    assert "import it again" in answer.json()["detail"]
    assert str(folder.parent) not in answer.text
    assert mended(client, bill) == {"EffectiveCost": 12.75}


def test_damage_to_a_bill_that_is_open_is_told_from_a_wrong_question(client, service, stored):
    bill, folder = stored
    place = f"/v1/bills/{bill}/costs"
    assert client.get(place, params={"group_by": "ResourceId"}).status_code == 200
    for name in ("daily", "dataset"):
        replace(folder / name / "bill.parquet")
    # A wrong question is still a wrong question where it needs no file.
    assert client.get(place, params={"group_by": "RegionId"}).status_code == 409
    answer = client.get(place, params={"group_by": "AvailabilityZone"})
    assert answer.json()["type"] == "urn:costmodel:problem:damaged-bill", answer.text
    assert mended(client, bill) == {"EffectiveCost": 12.75}
    wrong = client.get(place, params={"group_by": "RegionI"})
    assert wrong.status_code == 422


def test_no_savings_are_looked_for_in_a_damaged_bill(client, stored):
    bill, folder = stored
    flip(folder / "dataset" / "bill.parquet")
    job = client.post("/v1/recommendations", json={"bill_id": bill}).json()
    done = wait_for(client, job["id"])
    assert (done["status"], done["message"]) == (
        "failed", "the stored bill is damaged: import it again",
    )  # fmt: skip


def test_a_page_says_that_its_bill_is_damaged(site_of_damage):
    page, bill, folder = site_of_damage
    flip(folder / "dataset" / "bill.parquet")
    answer = page.get(f"/?bill={bill}")
    assert answer.status_code == 409
    assert "import it again" in answer.text


@pytest.fixture
def site_of_damage(tmp_path):
    import httpx

    from api.settings import Settings
    from tests.api.conftest import running

    with (
        running(Settings(data=tmp_path, is_dev=True)) as service,
        httpx.Client(base_url=service.url, timeout=60) as page,
    ):
        bill, _ = upload(page, FOCUS.encode())
        workspace = page.get("/v1/workspace").json()["id"]
        yield page, bill, service.state.bills.folder(workspace, bill)
