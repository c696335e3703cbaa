from decimal import Decimal

import pytest

from costmodel.errors import BillError
from costmodel.io.bills.reader import open_bill

HEADER = (
    "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordID,BillingPeriodStartDate,"
    "BillingPeriodEndDate,InvoiceDate,PayerAccountName,LinkedAccountName,TaxationAddress,"
    "PayerPONumber,ProductCode,ProductName,SellerOfRecord,UsageType,Operation,RateId,"
    "ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,BlendedRate,CurrencyCode,"
    "CostBeforeTax,Credits,TaxAmount,TaxType,TotalCost"
)


def line(kind, linked="000000000002", cost="10.123456", credits="0", tax="1.82"):
    return (
        f'"",000000000001,{linked},{kind},1,2022/03/01 00:00:00,2022/03/31 23:59:59,,Payer,Linked,'
        f",,AmazonEC2,Amazon Elastic Compute Cloud,Amazon,APS3-BoxUsage:t2.micro,RunInstances,1,"
        f'"$0.0124 per hour",2022/03/01 00:00:00,2022/03/31 23:59:59,744,0.0124,INR,'
        f"{cost},{credits},{tax},GST,{cost}"
    )


def bill_of(tmp_path, *lines, first=""):
    path = tmp_path / "report.csv"
    path.write_text("\n".join([*([first] if first else []), *lines]) + "\n")
    return open_bill([path], {"APS3": "ap-south-1"})


def test_linked_rows_count_and_their_payer_copies_and_totals_do_not(tmp_path):
    bill = bill_of(
        tmp_path, HEADER, line("PayerLineItem", linked="", cost="10.12"), line("LinkedLineItem"),
        line("LinkedLineItem", cost="5", credits="-2", tax="0"), line("InvoiceTotal"),
        line("StatementTotal"), line("AccountTotal"), line("CBRounding"),
    )  # fmt: skip

    rows = dict(bill.summarize(by="ChargeCategory", metric="BilledCost").rows)

    assert rows == {
        "Usage": Decimal("15.123456"), "Tax": Decimal("1.82"), "Credit": Decimal("-2"),
    }  # fmt: skip
    assert bill.currencies == ["INR"]
    detail = bill.summarize(by="SubAccountId,RegionId,x_UsageType").rows[0]
    assert detail[:3] == ("000000000002", "ap-south-1", "BoxUsage:t2.micro")


def test_the_cost_allocation_report_has_a_line_of_text_first_and_tags(tmp_path):
    bill = bill_of(
        tmp_path, HEADER + ",AvailabilityZone,user:team", line("LinkedLineItem") + ",ap-south-1a,x",
        first='"Don\'t see your tags in the report? New tags are excluded by default"',
    )  # fmt: skip

    rows = bill.summarize(by="tag:team,AvailabilityZone", filter="ChargeCategory = 'Usage'").rows

    assert rows == [("x", "ap-south-1a", Decimal("10.123456"))]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER,), "no rows"),
        ((HEADER, line("InvoiceTotal")), "no line items"),
        (
            (HEADER.replace("UsageStartDate", "X"), line("LinkedLineItem")),
            "UsageStartDate is missing",
        ),
        ((HEADER, line("LinkedLineItem", cost="ten")), "'ten' is not an amount"),
    ],
)
def test_a_bad_report_is_one_clear_line(tmp_path, lines, message):
    with pytest.raises(BillError, match=message):
        bill_of(tmp_path, *lines)


DETAILED = (
    "PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,UsageType,Operation,"
    "UsageStartDate,UsageEndDate,UsageQuantity,{cost}\n"
    "000000000001,000000000002,LineItem,1,Amazon EC2,BoxUsage,RunInstances,"
    "2016-01-01 00:00:00,2016-01-01 01:00:00,1,0.096\n"
)


def test_the_detailed_billing_report_is_read_by_its_unblended_cost(tmp_path):
    bill = bill_of(tmp_path, DETAILED.format(cost="UnBlendedCost"))

    assert bill.summarize().total == {"BilledCost": Decimal("0.096")}


def test_a_report_without_any_cost_is_refused(tmp_path):
    with pytest.raises(BillError, match="CostBeforeTax is missing"):
        bill_of(tmp_path, DETAILED.format(cost="Rate"))
