import pandas as pd
import pytest

from costmodel.budget.filters import filter_columns, parse_filter
from costmodel.errors import BadInputError

TABLE = pd.DataFrame(
    {
        "ServiceName": ["Amazon EC2", "Amazon S3", "AWS Lambda", None],
        "SubAccountId": ["001", "002", "001", "003"],
        "Tags": [{"user:team": "web"}, '{"team": "data"}', None, [("team", "")]],
        "x_CostCategories": [{"Env": "prod"}, {}, {"Env": "dev"}, None],
    }
)


@pytest.mark.parametrize(
    ("tree", "rows"),
    [
        (None, [0, 1, 2, 3]),
        ({}, [0, 1, 2, 3]),
        ({"ServiceName": "Amazon EC2"}, [0]),
        ({"ServiceName": ["Amazon EC2", "AWS Lambda"]}, [0, 2]),
        ({"ServiceName": "Amazon *"}, [0, 1]),
        ({"ServiceName": None}, [3]),
        ({"ServiceName": "Amazon *", "SubAccountId": "002"}, [1]),
        ({"not": {"ServiceName": "Amazon *"}}, [2, 3]),
        ({"any": [{"SubAccountId": "003"}, {"ServiceName": "AWS Lambda"}]}, [2, 3]),
        ({"all": [{"SubAccountId": "001"}, {"not": {"ServiceName": "AWS Lambda"}}]}, [0]),
        ({"tag:team": "web"}, [0]),
        ({"tag:team": ["web", "data"]}, [0, 1]),
        ({"tag:team": None}, [2, 3]),
        ({"cost_category:Env": "prod"}, [0]),
        ({"any": []}, []),
    ],
)
def test_filter_selects_rows(tree, rows) -> None:
    assert parse_filter(tree).mask(TABLE).nonzero()[0].tolist() == rows


def test_account_numbers_without_quotes_match_by_their_text() -> None:
    table = pd.DataFrame({"SubAccountId": ["123456789012"]})

    assert parse_filter({"SubAccountId": 123456789012}).mask(table).all()


def test_a_tag_column_of_its_own_is_preferred() -> None:
    table = pd.DataFrame({"tag:team": ["a", "b"]})

    assert parse_filter({"tag:team": "b"}).mask(table).tolist() == [False, True]


def test_unknown_column_is_named_with_what_there_is() -> None:
    with pytest.raises(BadInputError, match=r"'Servce'.*ServiceName"):
        parse_filter({"Servce": "x"}).mask(TABLE)


@pytest.mark.parametrize("tree", [["a"], {"all": {"a": 1}}, {"a": {"b": 1}}, {"a": [["b"]]}])
def test_malformed_filters_are_refused_with_their_place(tree) -> None:
    with pytest.raises(BadInputError, match="filter"):
        parse_filter(tree)


def test_columns_are_those_read_as_they_are_written() -> None:
    tree = parse_filter(
        {"tag:team": "x", "not": {"any": [{"RegionId": "y"}, {"cost_category:E": 1}]}}
    )

    assert filter_columns(tree) == {"tag:team", "RegionId", "cost_category:E"}


def test_broken_tag_text_is_absent() -> None:
    assert parse_filter({"tag:a": None}).mask(pd.DataFrame({"Tags": ["{", "", "3"]})).all()
