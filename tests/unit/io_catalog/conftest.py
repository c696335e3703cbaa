"""A price-data folder small enough to work out by hand."""

import math
from pathlib import Path

import pandas as pd
import pytest

REGIONS = """region,location,usage_type_prefix
us-east-1,US East (N. Virginia),
eu-west-1,EU (Ireland),EU
us-gov-west-1,AWS GovCloud (US),UGW1
"""

HAND = """service_code,region,usage_type,operation,product_family,description,unit,term,tier_begin,tier_end,usd_per_unit,effective_date,source,confidence
AWSDataTransfer,all commercial,<PFX->DataTransfer-Regional-Bytes,,Data Transfer,Inter-AZ,GB,OnDemand,0,Inf,0.01,2024-09-25,x,high
AWSDataTransfer,all commercial,<PFX->DataTransfer-AZ-Bytes / DataTransfer-xAZ,,Data Transfer,Same AZ,GB,OnDemand,0,Inf,0,2024-09-25,x,high
AmazonEC2,all,<PFX->CPUCredits:t2|t3,,CPU Credits,T credits Linux,vCPU-Hours,OnDemand,0,Inf,0.05,2023-02-23,x,high
AmazonEC2,all,<PFX->CPUCredits:t2|t3,,CPU Credits,T credits Windows,vCPU-Hours,OnDemand,0,Inf,0.096,2023-02-23,x,high
AmazonEC2,eu-west-1,EU-ElasticIP:Remap,,IP Address,Remap above 100,Count,OnDemand,100,Inf,0.10,2023-02-23,x,medium
AmazonVPC,all,<gateway endpoint>,,VpcEndpoint,Free,Hrs,OnDemand,0,Inf,0,2026-09-29,x,high
AWSLambda,global,Global-Request,,Serverless,Free tier,Requests,FreeTier(global),0,1000000,0,2025-10-30,x,high
AmazonSNS,per region,Requests-Tier1,,API Request,in tier table,Requests,OnDemand,0,1000000,0,2025-08-28,x,high
AmazonS3,all,AWS-Out-ABytes-T1 / T2,,Data Transfer,unsure,GB,OnDemand,0,Inf,0.04,,x,low
"""


def rate(service, region, usage_type, price, **more):
    """Return one row of rates.parquet."""
    base = more.pop(
        "base", usage_type.split("-", 1)[-1] if usage_type[:3] == "EU-" else usage_type
    )
    row = {
        "service_code": service,
        "region": region,
        "usage_type": usage_type,
        "usage_type_base": base,
        "operation": "",
        "product_family": "",
        "description": "",
        "unit": "GB",
        "term_type": "OnDemand",
        "lease": "",
        "payment_option": "",
        "begin_range": 0.0,
        "end_range": math.inf,
        "usd_per_unit": price,
        "rate_code": "",
        "attributes": "",
        "basis": "published",
        "name_basis": "sku",
        "published": "2025-06-01",
        "price_map": "",
    }
    return row | more


RATES = [
    rate("AmazonS3", "us-east-1", "TimedStorage-ByteHrs", 0.023, end_range=100.0, rate_code="S1.T.A"),
    rate("AmazonS3", "us-east-1", "TimedStorage-ByteHrs", 0.022, begin_range=100.0, rate_code="S1.T.B"),
    # a copy from another price map
    rate("AmazonS3", "us-east-1", "TimedStorage-ByteHrs", 0.022, begin_range=100.0, rate_code="S1.T.B"),
    # two products under one name
    rate("AmazonECR", "eu-west-1", "EU-TimedStorage-ByteHrs", 0.1, rate_code="E1.T.A", description="EC2 Container Registry"),
    rate("AmazonECR", "eu-west-1", "EU-TimedStorage-ByteHrs", 0.0036, rate_code="E2.T.A", description="ECR-DSSE-Encryption Bytes"),
    # nobody says which
    rate("AmazonFSx", "us-east-1", "Thing", 1.0, rate_code="F1.T.A", description="Thing"),
    rate("AmazonFSx", "us-east-1", "Thing", 2.0, rate_code="F2.T.A", description="Thing"),
    # unnamed: attributes, rule, description
    rate("msk", "us-east-1", "", 3.0, rate_code="K1.T.A", attributes='{"usageType": "USE1-Express.m7g.large", "operation": "RunBroker"}', name_basis=""),
    rate("docdb", "eu-west-1", "", 0.5, rate_code="D1.T.A", description="OnDemand-instancetype-db.r6g.2xlarge", name_basis=""),
    rate("mwaa", "us-east-1", "", 0.49, rate_code="M1.T.A", description="Environment Small per Hrs", name_basis=""),
    rate("bedrock", "us-east-1", "", 0.7, rate_code="B1.T.A", name_basis=""),
    # bounds only in the words
    rate("detective", "us-east-1", "", 2.0, rate_code="X1.T.A", description="Amazon Detective First 1000", end_range=1000.0, name_basis=""),
    rate("detective", "us-east-1", "", 1.0, rate_code="X1.T.B", description="Amazon Detective Next 4000", begin_range=math.nan, end_range=math.nan, name_basis=""),
    rate("detective", "us-east-1", "", 0.5, rate_code="X1.T.C", description="Amazon Detective Next 5000", begin_range=math.nan, end_range=math.nan, name_basis=""),
    rate("detective", "us-east-1", "", 0.25, rate_code="X1.T.D", description="Amazon Detective Over 10000", begin_range=10000.0, name_basis=""),
    # a gap
    rate("AmazonConnect", "us-east-1", "Messages", 0.01, begin_range=5.0, rate_code="C1.T.A"),
    # no public price above
    rate("shield", "global", "", 3000.0, end_range=1.0, name_basis="", description="Advanced Monthly Fee", rate_code="SH.T.A"),
    rate("AmazonKinesisFirehose", "us-east-1", "BilledBytes", 0.03, end_range=10.0, rate_code="H1.T.A"),
    rate("AmazonKinesisFirehose", "us-east-1", "BilledBytes", 0.02, begin_range=10.0, end_range=30.0, rate_code="H1.T.B"),
    # between regions
    rate("AWSDataTransfer", "us-east-1", "USE1-EU-AWS-Out-Bytes", 0.02, base="AWS-Out-Bytes"),
    # an edge geography
    rate("AmazonCloudFront", "EU", "EU-Requests-Tier1", 9e-7, base="EU-Requests-Tier1"),
    # an offer of a reservation is two rows
    rate("AmazonES", "us-east-1", "ESInstance:m5", 0.1, unit="Hrs", term_type="Reserved", lease="1yr", payment_option="Partial Upfront", begin_range=math.nan, end_range=math.nan),
    rate("AmazonES", "us-east-1", "ESInstance:m5", 876.0, unit="Upfront fee", term_type="Reserved", lease="1yr", payment_option="Partial Upfront", begin_range=math.nan, end_range=math.nan),
    rate("AmazonRDS", "eu-west-1", "EU-CPUCredits:db.t3", 0.075, rate_code="R1.T.A", price_map="rds-storage"),
    rate("AmazonRDS", "eu-west-1", "EU-CPUCredits:db.t3", 0.09, rate_code="R2.T.A", price_map="rds-aurora-storage"),
    rate("AmazonRDS", "eu-west-1", "EU-CPUCredits:db.t3", 0.09, rate_code="R3.T.A", price_map="rds-aurora-storage"),
]  # fmt: skip


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> Path:
    """Return a folder with every source table, a few rows each."""
    folder = tmp_path_factory.mktemp("prices")
    (folder / "regions.csv").write_text(REGIONS)
    (folder / "rates_compiled_by_hand.csv").write_text(HAND)
    instance = {"region": ["us-east-1"], "instance_type": ["m5.large"]}
    linux = instance | {"os": ["Linux"], "operation": ["RunInstances"]}
    tables = {
        "rates": pd.DataFrame(RATES),
        "ec2_on_demand": pd.DataFrame(
            {
                # The last four are whole hosts; the source took another family's for c7g.
                "region": ["us-east-1", "us-east-1", "us-east-1-bos-1", "eu-west-1", "us-east-1", "eu-west-1", "us-east-1"],
                "instance_type": ["m5.large"] * 3
                + ["c5.large", "c5.xlarge", "c7g.large", "c7g.large"],
                "os": ["Linux", "Windows", *["Linux"] * 5],
                "operation": ["RunInstances", "RunInstances:0002", *["RunInstances"] * 5],
                "tenancy": ["Shared"] * 3 + ["Dedicated"] * 4,
                "usd_per_hour": [0.096, 0.188, 0.12, 3.802, 3.366, 8.186, 7.1],
                "published": ["2026-05-12"] * 7,
            }
        ),
        "ec2_reserved": pd.DataFrame(
            linux
            | {
                "term_years": pd.array([1], "int8"),
                "offering_class": ["standard"],
                "payment_option": ["All Upfront"],
                "effective_usd_per_hour": [0.06],
                "basis": ["published"],
                "published": ["2026-05-12"],
            }
        ),
        "ec2_savings_plans": pd.DataFrame(
            instance
            | {
                "plan_type": ["Compute"],
                "term_years": pd.array([3], "int8"),
                "payment_option": ["No Upfront"],
                "sp_usd_per_hour": [0.05],
                "basis": ["derived"],
            }
        ),
        "database_savings_plans": pd.DataFrame(
            {
                "service_code": ["AmazonRDS"],
                "region": ["eu-west-1"],
                "usage_type": ["EU-InstanceUsage:db.r7g.xl"],
                "operation": ["CreateDBInstance:0016"],
                "description": ["db.r7g.xlarge"],
                "unit": ["Hrs"],
                "usd_per_unit": [0.4],
                "plan_type": ["Database"],
                "term": ["1yr"],
                "payment_option": ["No Upfront"],
                "published": ["2025-12-10"],
            }
        ),
        "ec2_spot": pd.DataFrame(linux | {"usd_per_hour": [0.03], "published": ["2026-05-12"]}),
        "ec2_spot_history_monthly": pd.DataFrame(
            instance
            | {
                "month": ["2024-01"],
                "mean_usd_per_hour": [0.03],
                "min_usd_per_hour": [0.02],
                "max_usd_per_hour": [0.04],
                "snapshots": [31],
            }
        ),
        "spot_interruption": pd.DataFrame(
            instance
            | {
                "os": ["Linux"],
                "savings_pct": [60],
                "interruption_index": [0],
                "interruption_label": ["<5%"],
                "as_of": ["2025-06-28"],
            }
        ),
        "instance_types": pd.DataFrame(
            {"instance_type": ["m5.large", "m1.small"], "vcpus": [2.0, 1.0],
             "current_generation": [False, False]}
        ),
        "sagemaker_instances": pd.DataFrame(
            {"region": ["us-east-1"], "instance_type": ["ml.c5.large"], "usd_per_hour": [0.102],
             "published": ["2026-08-17"]}
        ),
        "ec2_hosts_and_credits_eu-west-1": pd.DataFrame(
            {
                "service_code": ["AmazonEC2", "AmazonEC2", "AmazonRDS"],
                "region": ["eu-west-1"] * 3,
                "usage_type": ["EU-HostUsage:c5", "EU-CPUCredits:t3", "EU-CPUCredits:db.t3"],
                "operation": [""] * 3,
                "product_family": ["Dedicated Host", "CPU Credits", "CPU Credits"],
                "description": ["Host", "OperatingSystem=Linux", "DatabaseEngine=SQL Server"],
                "unit": ["Hrs"] * 3,
                "usd_per_unit": [3.802, 0.05, 0.144],
                "rate_code": [None] * 3,
                "published": ["2023-02-23"] * 3,
            }
        ),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="session")
def built(source):
    from costmodel.io.catalog_build import build_catalog

    return build_catalog(source)


@pytest.fixture
def folder(built, tmp_path) -> Path:
    """Return a stored catalog of the small source, with a service sheet beside the tables."""
    from costmodel.io.catalog_store import write_catalog

    target = tmp_path / "pricing_data"
    (target / "services").mkdir(parents=True)
    (target / "services" / "sheet.toml").write_text("kept")
    write_catalog(target, built.tables, version="", sources=built.sources, notes=built.notes)
    return target
