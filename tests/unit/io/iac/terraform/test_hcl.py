import pytest

from costmodel.io.iac.terraform.hcl import block_expressions, expression_names, scan_hcl


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("aws_x.y.id", ["aws_x.y.id"]),
        ("aws_x.y[0].id", ["aws_x.y[0].id"]),
        ('aws_x.y["a.b"].id', ['aws_x.y["a.b"].id']),
        ("aws_x.y[each.key].id", ["each.key", "aws_x.y.id"]),
        ("aws_x.y[*].id", ["aws_x.y.id"]),
        ("aws_x.y.*.id", ["aws_x.y.id"]),
        ("concat(var.a, [for s in aws_s.t : s.id])", ["var.a", "aws_s.t", "s.id"]),
        ("module.a[0].b", ["module.a[0].b"]),
        ("5 + 3.2", []),
        ("true", []),
    ],
)
def test_names_are_listed_as_a_plan_lists_them(expression: str, names: list[str]) -> None:
    assert expression_names(expression) == names


def test_a_file_is_blocks_with_lines_and_expressions() -> None:
    tree = scan_hcl(
        """\
# a comment with { and "
resource "aws_x" "y" { /* one
more */
  a = "plain aws_no.t ${aws_b.c.id} and ${lookup({"k" = var.d}, "k")}" // aws_no.t2
  b = <<-EOT
    text aws_no.t3 ${aws_e.f.arn}
  EOT
  c = [
    aws_g.h["x"].id,
    "\\" ${aws_i.j.id}",
  ]
  inner { d = 1 }
  inner { d = var.k }
}
locals { z = 3 }
"""
    )

    resource, local = tree.blocks
    assert (resource.type, resource.labels, resource.line) == ("resource", ("aws_x", "y"), 2)
    assert (local.type, local.line) == ("locals", 15)
    assert block_expressions(resource) == {
        "a": {"references": ["aws_b.c.id", "var.d"]},
        "b": {"references": ["aws_e.f.arn"]},
        "c": {"references": ['aws_g.h["x"].id', "aws_i.j.id"]},
        "inner": [{"d": {}}, {"d": {"references": ["var.k"]}}],
    }


def test_a_dynamic_block_refers_to_what_it_iterates_over() -> None:
    tree = scan_hcl(
        'r "x" {\n  dynamic "b" {\n    for_each = aws_q.w\n    iterator = it\n'
        "    content {\n      v = it.value.id\n      n { k = it.key }\n    }\n  }\n"
        '  dynamic "empty" {\n  }\n}\n'
    )

    assert block_expressions(tree.blocks[0]) == {
        "b": [
            {
                "v": {"references": ["aws_q.w"]},
                "n": [{"k": {"references": ["aws_q.w"]}}],
            }
        ],
        "empty": [{}],
    }


@pytest.mark.parametrize(
    "text", ['a = "', "a {", "}}}", "a b c", 'x "y" z', "a = <<EOT\nno end", "="]
)
def test_broken_source_ends(text: str) -> None:
    scan_hcl(text)


def test_a_long_file_is_scanned_in_linear_time() -> None:
    tree = scan_hcl('resource "aws_x" "y" {\n  a = 1\n}\n' * 20_000)

    assert tree.blocks[-1].line == 59_998
