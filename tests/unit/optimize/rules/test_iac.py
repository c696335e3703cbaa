"""Code is checked before it runs: what it will create is flagged with file and line."""

import costmodel

CODE = """
provider "aws" { region = "us-east-1" }
resource "aws_ebs_volume" "data" {
  availability_zone = "us-east-1a"
  size              = 500
  type              = "gp2"
}
resource "aws_db_instance" "db" {
  engine            = "mysql"
  engine_version    = "8.4.3"
  instance_class    = "db.m5.large"
  allocated_storage = 100
  multi_az          = true
  tags              = { env = "dev" }
}
"""


def test_code_is_flagged_with_file_and_line(tmp_path) -> None:
    (tmp_path / "main.tf").write_text(CODE)

    result = costmodel.recommend(iac=tmp_path)

    found = {r.rule.id: r for r in result.accepted}
    assert {"ebs-gp2-gp3", "rds-multiaz-nonprod"} <= set(found)
    assert found["ebs-gp2-gp3"].location.endswith("main.tf:3")
    # Nobody measured anything yet: nothing is called idle.
    assert not any(r.rule.stage == "idle" for r in result.accepted)
