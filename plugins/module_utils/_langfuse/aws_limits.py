# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS offers and what it no longer does, as far as an environment's variables choose it.

Source: cfn-lint 1.58.0 (2026-10-20), whose lists come from the AWS APIs: aws_ecs_taskdefinition fargate_cpu_memory,
aws_rds_dbinstance engine versions, aws_elasticache_replicationgroup engine versions.
"""

from __future__ import annotations

# CPU units: MiB of memory.
FARGATE_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
    32768: (61440, 122880, 249856),
}

# Days that CloudWatch Logs keeps (API PutRetentionPolicy).
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

# App Runner: CPU units and the MiB that go with them (guide, "Supported vCPU and memory configurations"), and where it is (endpoints of
# botocore 1.44.5; no region is to come).
APPRUNNER_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024),
    512: (1024,),
    1024: (2048, 3072, 4096),
    2048: (4096, 6144),
    4096: (8192, 10240, 12288),
}
APPRUNNER_REGIONS = (
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "us-east-1",
    "us-east-2",
    "us-west-2",
)

# Aurora PostgreSQL, major version: minor versions that can be created.
AURORA_POSTGRESQL: dict[int, tuple[int, ...]] = {
    15: (10, 12, 13, 14, 15, 17, 18, 19),
    16: (8, 9, 10, 11, 13, 14, 15),
    17: (4, 5, 6, 7, 9, 10, 11),
    18: (3, 4, 6),
}

# Aurora Serverless v2, in ACU; half steps.
CAPACITY = (0.0, 256.0)

# ElastiCache for Valkey.
VALKEY = ("7.2", "8.0", "8.1", "8.2", "9.0", "9.1")

# A gp3 volume: GiB, I/O operations and MiB per second, as amazon.aws.ec2_vol takes them (up to 11.4; AWS itself goes to 80000 and
# 2000 since 2025-09); and how many operations a GiB, and how much throughput an operation allows (EBS guide, general-purpose).
GP3_SIZE = (1, 16384)
GP3_IOPS = (3000, 16000)
GP3_THROUGHPUT = (125, 1000)
GP3_IOPS_PER_GIB = 500
GP3_THROUGHPUT_PER_IOPS = 0.25
# Share of an EC2 instance's memory that Linux and the ECS agent leave to tasks.
NODE_MEMORY_SHARE = 0.9

# A VPC's range, and the smallest subnet that a load balancer takes. The role network cuts the range into 16 subnets.
VPC_PREFIXES = range(16, 29)
SUBNET_BITS = 4
SMALLEST_SUBNET = 27
# A load balancer and a database need two zones; no region has more than six.
ZONES = range(2, 7)


def sizes_text(cpu: int) -> str:
    """The memory that goes with these CPU units, in a few words."""
    sizes = FARGATE_SIZES[cpu]
    if len(sizes) <= 3:
        return ", ".join(map(str, sizes))
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
