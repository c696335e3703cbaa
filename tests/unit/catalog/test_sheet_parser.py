"""A sheet is checked at load: each mistake is named with file, resource, meter and remedy."""

import tomllib

import pytest

from costmodel.catalog.library import KnownInputs, SheetLibrary
from costmodel.catalog.sheet_parser import parse_sheet
from costmodel.errors import SheetError

HEAD = 'service_code = "S"\nservice_name = "S"\n'
METER = """
[resource.aws_x.inputs]
gb = { unit = "GB" }
kind = { default = "a", values = ["a", "b"] }
[[resource.aws_x.meter]]
name = "Storage"
usage_type = "Storage.{kind}"
unit = "GB-Mo"
quantity = "gb"
"""


def parse(text):
    return parse_sheet("s.toml", tomllib.loads(HEAD + text))


def test_a_sheet_becomes_kinds_with_compiled_formulas() -> None:
    sheet = parse(METER)

    kind = sheet.resources["aws_x"]
    assert kind.meters[0].quantity.names == {"gb"}
    assert kind.meters[0].service_code == "S"
    assert kind.inputs["gb"].kind == "number"
    assert kind.inputs["kind"].kind == "text"


def test_each_writes_a_meter_and_an_input_out_per_table_entry() -> None:
    sheet = parse("""
[table.area]
us = "US-"
eu = "EU-"
[resource.aws_x.inputs]
"gb_$key" = { each = "area", unit = "GB", path = "out.$key" }
[[resource.aws_x.meter]]
each = "area"
name = "Out ($key)"
usage_type = "$valueBytes"
unit = "GB"
quantity = "gb_$key"
""")

    kind = sheet.resources["aws_x"]
    assert [meter.usage_type.text for meter in kind.meters] == ["US-Bytes", "EU-Bytes"]
    assert kind.inputs["gb_eu"].path == "out.eu"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("servce = 1", "unknown key 'servce'; did you mean"),
        (METER.replace('"gb"', '"gbs"'), "meter 'Storage': 'gbs' reads 'gbs'; did you mean 'gb'?"),
        (METER.replace('"gb"', '"lookup(sizes, gb)"'), "looks up 'sizes'"),
        (METER.replace('"gb"', '"gb ** 2"'), "outside the formula language"),
        (METER.replace("{kind}", "{kind"), "braces do not pair"),
        (METER.replace('unit = "GB-Mo"\n', ""), "unit is missing"),
        (METER + 'tier_scope = "planet"', "tier_scope is 'account' or 'resource'"),
        (METER + "each = 'nothing'", "there is no such [table]"),
        (METER + "purchase = { modle = 'Spot' }", "unknown key 'modle'; did you mean 'model'?"),
        (METER.replace("gb = {", '"g b" = {'), "cannot be a name in formulas"),
        (METER.replace("gb = {", "region = {"), "cannot be a name in formulas"),
        (METER.replace('{ unit = "GB" }', '{ units = "GB" }'), "unknown key 'units'"),
        (
            METER + '[[resource.aws_x.child]]\nresource = "aws_y"\ninputs = { a = "nope" }',
            "child '': 'nope' reads 'nope'",
        ),
        (
            METER + '[[resource.aws_x.child]]\nresource = "aws_y"\npath = "part {nope}"',
            "child 'part {nope}': 'part {nope}' reads 'nope'",
        ),
        (METER + '[[resource.aws_x.example]]\nsource = "s"', "region is missing"),
        (METER + '[alias]\naws_y = "aws_z"', "alias aws_y names a kind or an input"),
        (
            METER + '[alias]\naws_y = { kind = "aws_x", defaults = { gbs = 1 } }',
            "alias aws_y names a kind or an input",
        ),
        (METER + '[alias]\naws_y = { kid = "aws_x" }', "unknown key 'kid'; did you mean 'kind'?"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, says) -> None:
    with pytest.raises(SheetError) as error:
        parse(text)

    assert says in str(error.value)
    assert str(error.value).startswith("s.toml")


def library():
    text = HEAD + METER + '[alias]\naws_z = "aws_x"\n[free]\naws_free = "no charge"\n'
    return SheetLibrary({"s.toml": text, "t.toml": HEAD}, {"aws_vpc": "no charge"})


def test_the_library_finds_kinds_aliases_and_free_types() -> None:
    sheets = library()

    assert sheets["aws_z"].sheet.type == "aws_x"
    assert "aws_y" not in sheets
    with pytest.raises(KeyError):
        sheets["aws_y"]
    assert sheets.free_reason("aws_free") == "no charge"
    assert sheets.free_reason("aws_vpc") == "no charge"
    assert sheets.free_reason("aws_x") is None
    assert sorted(sheets) == ["aws_x", "aws_z"]
    assert len(sheets) == 2
    assert sheets.nearest("aws_vpcs") == "aws_vpc"
    assert sheets.nearest("completely_else") is None


def test_known_inputs_are_the_attributes_a_reader_may_meet() -> None:
    known = KnownInputs(library())

    assert known["aws_x"] == {"gb", "kind"}
    assert "aws_z" in known
    assert len(known) == 2
    assert sorted(known) == ["aws_x", "aws_z"]


def test_a_file_that_is_no_toml_is_named() -> None:
    with pytest.raises(SheetError, match=r"bad\.toml"):
        SheetLibrary({"bad.toml": "resource aws_x ="}, {}).sheet("bad.toml")
