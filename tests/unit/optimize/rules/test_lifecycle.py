"""Suppressions with reason, owner and expiry; advice across runs."""

from datetime import date

import pytest

import costmodel
from costmodel.io.recommendation_files import read_state, read_suppressions
from costmodel.optimize.lifecycle import (
    Suppression,
    check_known,
    follow_up,
    parse_suppressions,
    suppress,
)
from tests.unit.optimize.rules.test_recommend import account, volume

TODAY = date(2026, 9, 1)


def advice(*names: str):
    rows = [volume(name, state="available", size_gb=100.0) for name in names]
    return costmodel.recommend(account({"ebs_volumes": rows}))


def test_a_suppression_sets_advice_aside_with_its_reason() -> None:
    rule = Suppression("kept for audit", "finance", date(2026, 12, 31), resource="vol-1")

    result = suppress(advice("vol-1", "vol-2"), [rule], TODAY)

    assert [r.resource_id for r in result.accepted] == ["vol-2"]
    assert result.suppressed[0][1] == "kept for audit (finance until 2026-12-31)"
    assert result.list_saving == pytest.approx(5.00)


def test_an_expired_suppression_no_longer_holds() -> None:
    rule = Suppression("later", "me", date(2026, 8, 31))

    assert len(suppress(advice("vol-1"), [rule], TODAY).accepted) == 1


@pytest.mark.parametrize(
    ("entry", "says"),
    [({"owner": "me"}, "reason"), ({"reason": "r"}, "owner"), ({"x": 1}, "unknown key"),
     ({"reason": "r", "owner": "o", "until": "soon"}, "no date"), ("text", "mapping")],
)  # fmt: skip
def test_a_suppression_without_reason_or_owner_is_refused(entry, says) -> None:
    with pytest.raises(costmodel.BadInputError, match=says):
        parse_suppressions([entry], "s.yaml")


def test_advice_is_new_then_open_then_done_then_reappears() -> None:
    both, one = advice("vol-1", "vol-2"), advice("vol-1")

    first, state = follow_up(both, {}, TODAY)
    second, state = follow_up(one, state, TODAY)
    third, state = follow_up(both, state, TODAY)

    assert {r.status for r in first.accepted} == {"new"}
    assert [r.status for r in second.accepted] == ["open"]
    assert [d["resource"] for d in second.done] == ["vol-2"]
    assert {r.resource_id: r.status for r in third.accepted} == {
        "vol-1": "open", "vol-2": "reappeared",
    }  # fmt: skip


@pytest.mark.parametrize("check", ["*", "ebs-*", "ebs-unattached"])
def test_a_suppression_of_checks_there_are_is_accepted(check) -> None:
    check_known([Suppression("r", "o", check=check)], ["ebs-unattached", "eip-idle"], "s.yaml")


@pytest.mark.parametrize(
    ("check", "advice"),
    [("ebs-unatached", "did you mean ebs-unattached"), ("EBS-*", "see 'recommend --list-rules'")],
)
def test_a_suppression_of_no_check_is_refused_with_its_entry(check, advice) -> None:
    entries = [Suppression("r", "o"), Suppression("r", "o", check=check)]

    with pytest.raises(costmodel.BadInputError) as refused:
        check_known(entries, ["ebs-unattached", "eip-idle"], "s.yaml")

    assert f"s.yaml: entry 2: no check fits '{check}'; {advice}" in str(refused.value)


@pytest.mark.parametrize("text", ["{}", "false", "''"])
def test_a_file_of_suppressions_that_is_no_list_is_refused(tmp_path, text) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)

    with pytest.raises(costmodel.BadInputError, match="give a list"):
        read_suppressions(path)


def test_files_say_what_is_wrong(tmp_path) -> None:
    bad = tmp_path / "state.json"
    bad.write_text('{"a": 1}')
    yaml = tmp_path / "s.yaml"
    yaml.write_text("- {reason: r, owner: o, until: 2027-01-31, check: ebs-*}")

    assert read_state(tmp_path / "none.json") == {}
    assert read_suppressions(yaml)[0].until == date(2027, 1, 31)
    with pytest.raises(costmodel.BadInputError, match="not a state file"):
        read_state(bad)
