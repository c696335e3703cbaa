from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from costmodel.io.inventory.answer import column_value, find, plain, read_tags, read_time

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        ("2026-03-01T12:00:00.000+0000", NOON),
        ("User initiated (2026-03-01 12:00:00 GMT)", NOON),
        (1_772_366_400, NOON),
        (1_772_366_400_000, NOON),
        (NOON.replace(tzinfo=None), NOON),
        (datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1))), NOON),
        (date(2026, 3, 1), NOON.replace(hour=0)),
        ("2026-02-30", None),
        ("", None),
        ("soon", None),
    ],
)
def test_times_of_every_shape_are_utc(value, expected) -> None:
    assert read_time(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"Key": "a", "Value": "1"}], {"a": "1"}),
        ([{"key": "a", "value": "1"}], {"a": "1"}),
        ([{"TagKey": "a", "TagValue": "1"}], {"a": "1"}),
        ([{"Key": "a"}, {"Value": "lost"}], {"a": ""}),
        ({"a": 1}, {"a": "1"}),
        ([], {}),
        ("a=1", None),
        (3, None),
    ],
)
def test_tags_of_every_shape_are_a_mapping(value, expected) -> None:
    assert read_tags(value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "2.5", 2.5),
        ("number", "many", None),
        ("number", 0, 0.0),
        ("flag", "False", False),
        ("flag", "perhaps", None),
        ("flag", 0, False),
        ("text", "", None),
        ("text", 7, "7"),
        ("texts", "one", ["one"]),
        ("texts", ["a", None], ["a"]),
        ("json", {"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
        ("text", None, None),
    ],
)
def test_values_become_what_their_column_holds(kind, value, expected) -> None:
    assert column_value(kind, value) == expected


def test_answers_become_plain_json() -> None:
    answer = {"at": NOON, "blob": b"x", "list": (1, None)}

    assert plain(answer) == {
        "at": "2026-03-01T12:00:00+00:00", "blob": "b'x'", "list": [1, None],
    }  # fmt: skip


def test_an_absent_list_has_no_length() -> None:
    assert find("length(Items)", {}) is None
    assert find("length(Items)", {"Items": []}) == 0
    assert find("after_last(Id, '/')", {"Id": "/hostedzone/Z1"}) == "Z1"
