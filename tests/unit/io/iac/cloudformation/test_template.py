from pathlib import Path

import pytest

from costmodel import IssueReason, read_spec
from costmodel.errors import SpecError

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Env: {Type: String, Default: prod}
  Size: {Type: Number, Default: "30"}
  Ami: {Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", Default: /aws/x}
  Open: {Type: String}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  ByRegion:
    eu-west-1: {type: m5.large}
    us-east-1: {type: m5.xlarge}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  NotProd: !Not [!Condition IsProd]
  Maybe: !Equals [!Ref Open, x]
  Both: !And [!Condition IsProd, !Not [!Condition NotProd]]
  Circle: !And [!Condition Circle, !Condition Circle]
Resources:
  Web:
    Type: AWS::EC2::Instance
    Condition: Both
    Properties:
      InstanceType: !FindInMap [ByRegion, !Ref "AWS::Region", type]
      ImageId: !Ref Ami
      BlockDeviceMappings:
        - DeviceName: /dev/xvda
          Ebs: {VolumeSize: !Ref Size, VolumeType: gp3}
        - DeviceName: /dev/sdf
          Ebs: {VolumeSize: "100", Encrypted: "true"}
      Tags: [{Key: Name, Value: !Sub "${Env}-web-${AWS::Region}"}]
      SubnetId: !Select [0, [!Ref Net, other]]
      Tenancy: !If [NotProd, dedicated, !Ref AWS::NoValue]
      AvailabilityZone: !Sub ["${AWS::Region}${z}", {z: !Select [1, !Ref Zones]}]
  Net: {Type: AWS::EC2::Subnet}
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      DBInstanceClass: db.t3.micro
      AllocatedStorage: "20"
      Engine: mysql
      EngineVersion: "8.0"
      MultiAZ: !If [IsProd, true, false]
  Member:
    Type: AWS::RDS::DBInstance
    Properties: {DBClusterIdentifier: !Ref Cluster, DBInstanceClass: db.r5.large}
  Cluster: {Type: AWS::RDS::DBCluster}
  Gone: {Type: AWS::SQS::Queue, Condition: NotProd}
  Perhaps: {Type: AWS::SQS::Queue, Condition: Maybe}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 6}
      GlobalSecondaryIndexes:
        - {IndexName: g, ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 2}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersion}
      MinSize: "2"
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        InstanceType: t3.micro
        BlockDeviceMappings: [{Ebs: {VolumeSize: 10}}]
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Type: network, Scheme: internal}
  Files:
    Type: AWS::FSx::FileSystem
    Properties: {FileSystemType: WINDOWS, WindowsConfiguration: {ThroughputCapacity: 8}}
  Custom: {Type: "Custom::Thing"}
  Other: {Type: AWS::Brand::NewThing, Properties: {SomeSize: 5}}
"""


def write(root: Path, text: str, name: str = "template.yaml") -> Path:
    path = root / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def spec(tmp_path: Path):
    return read_spec(write(tmp_path, TEMPLATE), region="eu-west-1")


@pytest.fixture
def resources(spec):
    return {resource.address: resource for resource in spec.resources}


def test_conditions_and_types_decide_what_there_is(resources) -> None:
    assert list(resources) == [
        "aws_instance.Web",
        "aws_subnet.Net",
        "aws_db_instance.Database",
        "aws_rds_cluster_instance.Member",
        "aws_rds_cluster.Cluster",
        "aws_sqs_queue.Perhaps",
        "aws_dynamodb_table.Table",
        "aws_autoscaling_group.Group",
        "aws_launch_template.Template",
        "aws_lb.Balancer",
        "aws_fsx_windows_file_system.Files",
        "aws_brand_new_thing.Other",
    ]


def test_an_instance_reads_in_terraform_s_words(resources) -> None:
    web = resources["aws_instance.Web"]

    assert web.inputs == {
        "instance_type": "m5.large",
        "root_block_device": [
            {"device_name": "/dev/xvda", "volume_size": 30, "volume_type": "gp3"}
        ],
        "ebs_block_device": [{"device_name": "/dev/sdf", "volume_size": 100, "encrypted": True}],
        "tags": {"Name": "prod-web-eu-west-1"},
        "availability_zone": "eu-west-1b",
    }
    assert web.unknown == {"ami", "subnet_id"}
    assert web.references == {"subnet_id": ["aws_subnet.Net"]}
    assert web.region == "eu-west-1"
    assert web.source.endswith("template.yaml:19")


def test_nested_and_renamed_properties_follow_the_table(resources) -> None:
    assert resources["aws_db_instance.Database"].inputs == {
        "instance_class": "db.t3.micro",
        "allocated_storage": 20,
        "engine": "mysql",
        "engine_version": "8.0",
        "multi_az": True,
    }
    assert resources["aws_dynamodb_table.Table"].inputs == {
        "read_capacity": 5,
        "write_capacity": 6,
        "global_secondary_index": [{"name": "g", "read_capacity": 1, "write_capacity": 2}],
    }
    assert resources["aws_launch_template.Template"].inputs == {
        "instance_type": "t3.micro",
        "block_device_mappings": [{"ebs": [{"volume_size": 10}]}],
    }
    assert resources["aws_lb.Balancer"].inputs == {
        "load_balancer_type": "network",
        "internal": True,
    }
    assert resources["aws_fsx_windows_file_system.Files"].inputs == {"throughput_capacity": 8}
    assert resources["aws_brand_new_thing.Other"].inputs == {"some_size": 5}


def test_references_are_addresses(resources) -> None:
    group = resources["aws_autoscaling_group.Group"]

    assert group.inputs["min_size"] == 2
    assert group.references["launch_template"] == ["aws_launch_template.Template"]
    assert resources["aws_rds_cluster_instance.Member"].references == {
        "cluster_identifier": ["aws_rds_cluster.Cluster"]
    }


def test_a_condition_nobody_can_tell_is_an_issue(spec) -> None:
    (issue,) = spec.issues

    assert (issue.reason, issue.address) == (IssueReason.UNRESOLVED, "aws_sqs_queue.Perhaps")


def test_parameters_win_over_defaults_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, TEMPLATE)

    spec = read_spec(path, region="us-east-1", parameters={"Env": "dev", "Open": "y", "Size": 7})

    addresses = {resource.address for resource in spec.resources}
    assert "aws_sqs_queue.Gone" in addresses
    assert "aws_sqs_queue.Perhaps" not in addresses
    assert "aws_instance.Web" not in addresses
    with pytest.raises(SpecError, match=r"no parameter 'Evn'; did you mean 'Env'"):
        read_spec(path, parameters={"Evn": "x"})


def test_without_a_region_what_depends_on_it_is_unknown(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, TEMPLATE))

    assert spec.region is None
    assert "instance_type" in spec.resources[0].unknown


def test_sam_globals_and_implied_resources_are_added(tmp_path: Path) -> None:
    text = """\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Globals:
  Function: {MemorySize: 512, Timeout: 10, Architectures: [x86_64]}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: 1024
      Architectures: [arm64]
      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: "5"}
      Events:
        A: {Type: HttpApi, Properties: {Path: /}}
        B: {Type: Api, Properties: {RestApiId: !Ref Own}}
        C: {Type: Schedule}
  Own:
    Type: AWS::Serverless::Api
    Properties: {CacheClusterEnabled: true, CacheClusterSize: "0.5"}
  Cheap: {Type: AWS::Serverless::SimpleTable}
  Fixed:
    Type: AWS::Serverless::SimpleTable
    Properties: {ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 2}}
"""
    spec = read_spec(write(tmp_path, text))

    found = {resource.address: resource.inputs for resource in spec.resources}
    assert found == {
        "aws_lambda_function.Fn": {"memory_size": 1024, "timeout": 10, "architectures": ["arm64"]},
        "aws_lambda_provisioned_concurrency_config.FnProvisionedConcurrency": {
            "provisioned_concurrent_executions": 5
        },
        "aws_apigatewayv2_api.ServerlessHttpApi": {"protocol_type": "HTTP"},
        "aws_api_gateway_rest_api.Own": {
            "cache_cluster_enabled": True,
            "cache_cluster_size": "0.5",
        },
        "aws_api_gateway_stage.OwnStage": {
            "cache_cluster_enabled": True,
            "cache_cluster_size": "0.5",
        },
        "aws_dynamodb_table.Cheap": {"billing_mode": "PAY_PER_REQUEST"},
        "aws_dynamodb_table.Fixed": {
            "billing_mode": "PROVISIONED",
            "read_capacity": 1,
            "write_capacity": 2,
        },
    }


def test_loops_are_written_out(tmp_path: Path) -> None:
    text = """\
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "a-1,b"}, Open: {Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Outer:
    - Name
    - !Ref Names
    - Queue&{Name}:
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Sub "q-${Name}", Copy: !Ref Name}
      Fn::ForEach::Inner:
        - Number
        - [1, 2]
        - Topic&{Name}${Number}:
            Type: AWS::SNS::Topic
            Properties: {Queue: !GetAtt "Queue&{Name}.Arn"}
  Fn::ForEach::Unknown: [N, !Ref Open, {"X${N}": {Type: AWS::SQS::Queue}}]
  Fn::ForEach::Wrong: [N]
"""
    spec = read_spec(write(tmp_path, text))

    assert {resource.address: resource.inputs for resource in spec.resources} == {
        "aws_sqs_queue.Queuea1": {"name": "q-a-1", "copy": "a-1"},
        "aws_sns_topic.Topica11": {},
        "aws_sns_topic.Topica12": {},
        "aws_sqs_queue.Queueb": {"name": "q-b", "copy": "b"},
        "aws_sns_topic.Topicb1": {},
        "aws_sns_topic.Topicb2": {},
    }
    assert spec.resources[1].references == {"queue": ["aws_sqs_queue.Queuea1"]}
    assert [issue.address for issue in spec.issues] == [
        "Fn::ForEach::Unknown",
        "Fn::ForEach::Wrong",
    ]


def test_typed_parameters_and_conditions_of_implied_resources(tmp_path: Path) -> None:
    text = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Half: {Type: Number, Default: "0.5"}
  Odd: {Type: Number, Default: many}
  Ids: {Type: "List<AWS::EC2::Subnet::Id>", Default: "s-1, s-2"}
  Plain: {Type: String}
Globals: {Function: {Layers: [a], Environment: {Variables: {A: 1}}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Layers: [b]
      Environment: {Variables: {B: 2}}
      MemorySize: !Ref Half
      Timeout: !Ref Odd
      Ids: !Ref Ids
      Environ: !Ref Plain
"""
    (function,) = read_spec(write(tmp_path, text)).resources

    assert function.inputs == {
        "layers": ["a", "b"],
        "environment": [{"variables": {"A": 1, "B": 2}}],
        "memory_size": 0.5,
        "timeout": "many",
        "ids": ["s-1", "s-2"],
    }
    assert function.unknown == {"environ"}


def test_nested_stacks_take_their_parameters(tmp_path: Path) -> None:
    write(
        tmp_path,
        "Parameters: {Class: {Type: String, Default: x}}\n"
        "Resources: {Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceClass: !Ref Class}}}",
        "inner.yaml",
    )
    path = write(
        tmp_path,
        "Resources:\n"
        "  Here: {Type: AWS::CloudFormation::Stack, Properties: "
        "{TemplateURL: inner.yaml, Parameters: {Class: db.m5.large}}}\n"
        "  Away: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://x/y'}}\n",
    )

    spec = read_spec(path)

    (database,) = spec.resources
    assert database.address == "module.Here.aws_db_instance.Db"
    assert database.inputs == {"instance_class": "db.m5.large"}
    assert [issue.address for issue in spec.issues] == ["module.Away"]


def test_a_json_template_reads_the_same(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": '
        '{"QueueName": {"Fn::Join": ["-", ["a", {"Ref": "AWS::Partition"}]]}}}}}',
        "template.json",
    )

    assert read_spec(path).resources[0].inputs == {"name": "a-aws"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AWSTemplateFormatVersion: x\n", "has no 'Resources'"),
        (
            "AWSTemplateFormatVersion: x\nResources: [a]\n",
            r"yaml:2: 'Resources' must be a mapping",
        ),
        (
            "AWSTemplateFormatVersion: x\nResources:\n  A: {Typ: b}\n",
            r"yaml:3: resource 'A' has no 'Type'",
        ),
        (
            "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: [b]}\n",
            r"yaml:2: 'Properties' of 'A' must be a mapping",
        ),
        (
            "Resources:\n  A: {Type: AWS::CloudFormation::Stack, Properties: "
            "{TemplateURL: template.yaml}}\n",
            "stack 'A' nests itself",
        ),
    ],
)
def test_a_wrong_template_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read_spec(write(tmp_path, text))

    assert "\n" not in str(caught.value)


def test_a_deep_json_is_refused(tmp_path: Path) -> None:
    value = '{"a":' * 900 + "1" + "}" * 900
    text = '{"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": ' + value + "}}}"

    with pytest.raises(SpecError, match="nested too deeply"):
        read_spec(write(tmp_path, text, "t.json"))
