# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What load balancing refuses, beside what it takes."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from local_aws.ports import free_port

from .server_support import REGION, Server


def open_network(server: Server, zones: str = "ab") -> tuple[str, list[str], str]:
    ec2 = server.client("ec2")
    vpc, subnets, group = server.network(zones)
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    return vpc, subnets, group


def self_signed(name: str) -> tuple[bytes, bytes]:
    """A certificate and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(encoding), secret


@pytest.fixture(scope="module")
def ground(server: Server) -> tuple[str, list[str], str]:
    return open_network(server)


def balancer(server: Server, ground: tuple[str, list[str], str]) -> str:
    made = server.client("elbv2").create_load_balancer(
        Name=server.name("lb"), Subnets=ground[1], SecurityGroups=[ground[2]]
    )
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def target_group(server: Server, vpc: str, **options: Any) -> str:
    made = server.client("elbv2").create_target_group(
        Name=server.name("tg"), Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", **options
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a" * 33, "longer than '32'"),
        ("under_score", "alphanumeric"),
        ("-edge", "begin or end"),
        ("edge-", "begin or end"),
        ("internal-mine", "reserved prefix"),
    ],
)
def test_names(server: Server, ground: tuple[str, list[str], str], name: str, text: str) -> None:
    with server.refuses("ValidationError", text):
        server.client("elbv2").create_load_balancer(Name=name, Subnets=ground[1])


def test_subnets(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, ec2 = server.client("elbv2"), server.client("ec2")
    vpc, subnets, _ = ground
    with server.refuses("ValidationError", "two different Availability Zones"):
        elb.create_load_balancer(Name=server.name("lb"), Subnets=subnets[:1])
    twin = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.9.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    with server.refuses("InvalidConfigurationRequest", "same Availability Zone"):
        elb.create_load_balancer(Name=server.name("lb"), Subnets=[*subnets, twin])
    small = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.10.0/28", AvailabilityZone=f"{REGION}c")["Subnet"]["SubnetId"]
    with server.refuses("InvalidSubnet", small):
        elb.create_load_balancer(Name=server.name("lb"), Subnets=[*subnets, small])
    with server.refuses("InvalidConfigurationRequest", "same VPC"):
        elb.create_load_balancer(Name=server.name("lb"), Subnets=[subnets[0], open_network(server)[1][1]])


def test_the_internet_needs_a_gateway(server: Server) -> None:
    elb = server.client("elbv2")
    vpc, subnets, group = server.network()
    request = {"Name": server.name("lb"), "Subnets": subnets, "SecurityGroups": [group]}
    with server.refuses("InvalidSubnet", f"VPC {vpc} has no internet gateway"):
        elb.create_load_balancer(**request)
    assert elb.create_load_balancer(**request, Scheme="internal")["LoadBalancers"][0]["Scheme"] == "internal"


def test_security_groups_of_another_vpc(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb = server.client("elbv2")
    foreign = server.network()[2]
    with server.refuses("InvalidConfigurationRequest", "security groups"):
        elb.create_load_balancer(Name=server.name("lb"), Subnets=ground[1], SecurityGroups=[foreign])
    arn = balancer(server, ground)
    with server.refuses("InvalidConfigurationRequest", "security groups"):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[foreign])
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[ground[2]])


def test_deletion_protection(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, arn = server.client("elbv2"), balancer(server, ground)
    protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)
    with server.refuses("OperationNotPermitted", "deletion protection"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{**protect[0], "Value": "false"}])
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_one_listener_on_a_port(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, arn = server.client("elbv2"), balancer(server, ground)
    actions = [{"Type": "forward", "TargetGroupArn": target_group(server, ground[0])}]
    first, second = free_port(), free_port()
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=first, DefaultActions=actions)
    with server.refuses("DuplicateListener"):
        elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=first, DefaultActions=actions)
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=second, DefaultActions=actions)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_certificates(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, acm, arn = server.client("elbv2"), server.client("acm"), balancer(server, ground)
    actions = [{"Type": "forward", "TargetGroupArn": target_group(server, ground[0])}]
    request: dict[str, Any] = {
        "LoadBalancerArn": arn,
        "Protocol": "HTTPS",
        "Port": free_port(),
        "DefaultActions": actions,
    }
    with server.refuses("ValidationError", "certificate must be specified"):
        elb.create_listener(**request)
    waiting = acm.request_certificate(DomainName="langfuse.example.com", ValidationMethod="DNS")["CertificateArn"]
    with server.refuses("UnsupportedCertificate"):
        elb.create_listener(**request, Certificates=[{"CertificateArn": waiting}])
    with server.refuses("CertificateNotFound"):
        elb.create_listener(**request, Certificates=[{"CertificateArn": f"{waiting[:-1]}x"}])
    certificate, key = self_signed("langfuse.example.com")
    issued = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    elb.create_listener(**request, Certificates=[{"CertificateArn": issued}])
    # As long as a listener has it, it cannot be deleted.
    with server.refuses("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=issued)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    acm.delete_certificate(CertificateArn=issued)


def test_a_bucket_for_access_logs(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, s3, arn, bucket = server.client("elbv2"), server.client("s3"), balancer(server, ground), server.name()
    wanted = [
        {"Key": "access_logs.s3.enabled", "Value": "true"},
        {"Key": "access_logs.s3.bucket", "Value": bucket},
    ]

    def refused() -> None:
        with server.refuses("InvalidConfigurationRequest", "Access Denied for bucket"):
            elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)

    refused()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    refused()
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/123456789012/*",
    }
    server.wait(
        lambda: server.accepted(
            lambda: s3.put_bucket_policy(
                Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            )
        )
    )
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    aes = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    for encryption in (kms, aes):
        server.wait(
            lambda encryption=encryption: server.accepted(
                lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
            )
        )
        if encryption is kms:
            refused()
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_values_of_a_rule(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, arn = server.client("elbv2"), balancer(server, ground)
    forward = [{"Type": "forward", "TargetGroupArn": target_group(server, ground[0])}]
    listener = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=free_port(), DefaultActions=forward)

    def make(priority: int, *counts: int) -> None:
        conditions = [
            {
                "Field": "source-ip",
                "SourceIpConfig": {"Values": [f"10.{index}.{number}.0/24" for number in range(count)]},
            }
            for index, count in enumerate(counts)
        ]
        listener_arn = listener["Listeners"][0]["ListenerArn"]
        elb.create_rule(ListenerArn=listener_arn, Priority=priority, Conditions=conditions, Actions=forward)

    for counts in ((4,), (3, 3)):
        with server.refuses("TooManyConditionValues"):
            make(1, *counts)
    make(1, 3, 2)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_numbers_of_target_groups(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb = server.client("elbv2")
    with server.refuses("ValidationError", "smaller than the interval"):
        target_group(server, ground[0], HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=10)
    arn = target_group(server, ground[0], HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=9)
    with server.refuses("ValidationError", "smaller than the interval"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckIntervalSeconds=9)
    elb.modify_target_group(TargetGroupArn=arn, HealthCheckIntervalSeconds=11)
    for value in ("3601", "soon"):
        with server.refuses("ValidationError", "between 0 and 3600"):
            elb.modify_target_group_attributes(
                TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": value}]
            )
    elb.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    )


def test_numbers_of_load_balancers(server: Server, ground: tuple[str, list[str], str]) -> None:
    elb, arn = server.client("elbv2"), balancer(server, ground)
    with server.refuses("ValidationError", "between 1 and 4000"):
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "4001"}]
        )
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "4000"}]
    )
