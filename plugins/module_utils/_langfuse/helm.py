# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same environment as values of Langfuse's own Helm chart, for those who run web and worker on Kubernetes.

The chart writes many variables itself, for web and worker alike, and a name that stands twice in a container is wrong. So
each variable that it writes has its place in the values here, and all others go to the pods' own additionalEnv.

Source: langfuse/langfuse-k8s, charts/langfuse 2.0.0 (templates/_helpers.tpl, validations.yaml, web and worker/deployment.yaml).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .findings import Finding

OPTION = "kubernetes_secret"
# Kubernetes: "Object Names and IDs", a DNS subdomain.
SECRET_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
HTTP_URL = re.compile(r"(?P<scheme>https?)://(?P<host>[^\s/@?#:]+)(:(?P<port>\d+))?/?")

# YAML 1.2, "Character Set". Helm leaves out a pod's whole additionalEnv for one character that it cannot write.
NOT_IN_YAML = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Variables that the chart writes with a value of the kind that Langfuse reads. Numbers are given as text, for Helm writes
# large ones as 1e+09.
TEXTS = {
    "CLICKHOUSE_DB": "clickhouse.database",
    "CLICKHOUSE_MIGRATION_URL": "clickhouse.migration.url",
    "CLICKHOUSE_USER": "clickhouse.auth.username",
    "DATABASE_ARGS": "postgresql.args",
    # With the port, for Langfuse does not read the chart's DATABASE_PORT.
    "DATABASE_HOST": "postgresql.host",
    "DATABASE_NAME": "postgresql.auth.database",
    "DATABASE_USERNAME": "postgresql.auth.username",
    "LANGFUSE_LOG_FORMAT": "langfuse.logging.format",
    "LANGFUSE_LOG_LEVEL": "langfuse.logging.level",
    "LANGFUSE_S3_CONCURRENT_READS": "s3.concurrency.reads",
    "LANGFUSE_S3_CONCURRENT_WRITES": "s3.concurrency.writes",
    "LANGFUSE_S3_EVENT_UPLOAD_BUCKET": "s3.eventUpload.bucket",
    "LANGFUSE_S3_EVENT_UPLOAD_REGION": "s3.eventUpload.region",
    "LANGFUSE_S3_MEDIA_UPLOAD_BUCKET": "s3.mediaUpload.bucket",
    "LANGFUSE_S3_MEDIA_UPLOAD_DOWNLOAD_URL_EXPIRY_SECONDS": "s3.mediaUpload.downloadUrlExpirySeconds",
    "LANGFUSE_S3_MEDIA_UPLOAD_MAX_CONTENT_LENGTH": "s3.mediaUpload.maxContentLength",
    "LANGFUSE_S3_MEDIA_UPLOAD_REGION": "s3.mediaUpload.region",
    "NEXTAUTH_URL": "langfuse.nextauth.url",
    "NODE_ENV": "langfuse.nodeEnv",
}
FLAGS = {
    "AUTH_DISABLE_SIGNUP": "langfuse.features.signUpDisabled",
    "CLICKHOUSE_CLUSTER_ENABLED": "clickhouse.cluster.enabled",
    "CLICKHOUSE_MIGRATION_SSL": "clickhouse.migration.ssl",
    "ENABLE_EXPERIMENTAL_FEATURES": "langfuse.features.experimentalFeaturesEnabled",
    "LANGFUSE_S3_BATCH_EXPORT_ENABLED": "s3.batchExport.enabled",
    "LANGFUSE_S3_EVENT_UPLOAD_FORCE_PATH_STYLE": "s3.eventUpload.forcePathStyle",
    "LANGFUSE_S3_MEDIA_UPLOAD_FORCE_PATH_STYLE": "s3.mediaUpload.forcePathStyle",
    "TELEMETRY_ENABLED": "langfuse.features.telemetryEnabled",
}
NEGATED_FLAGS = {
    "LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED": "clickhouse.migration.autoMigrate",
    "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED": "postgresql.migration.autoMigrate",
}
# The chart writes these only where exports are on.
EXPORT_TEXTS = {
    "LANGFUSE_S3_BATCH_EXPORT_BUCKET": "s3.batchExport.bucket",
    "LANGFUSE_S3_BATCH_EXPORT_REGION": "s3.batchExport.region",
}
EXPORT_FLAGS = {"LANGFUSE_S3_BATCH_EXPORT_FORCE_PATH_STYLE": "s3.batchExport.forcePathStyle"}
CLUSTER_TEXTS = {"REDIS_CLUSTER_ENABLED": "redis.cluster.enabled", "REDIS_CLUSTER_NODES": "redis.cluster.nodes"}
SENTINEL_TEXTS = {
    "REDIS_SENTINEL_ENABLED": "redis.sentinel.enabled",
    "REDIS_SENTINEL_MASTER_NAME": "redis.sentinel.masterName",
    "REDIS_SENTINEL_NODES": "redis.sentinel.nodes",
}
# Secrets, with the value for the Kubernetes Secret's name and that for the key in it.
SECRETS = {
    "CLICKHOUSE_PASSWORD": ("clickhouse.auth.existingSecret", "clickhouse.auth.existingSecretKey"),
    "DATABASE_PASSWORD": ("postgresql.auth.existingSecret", "postgresql.auth.secretKeys.userPasswordKey"),
    "ENCRYPTION_KEY": ("langfuse.encryptionKey.secretKeyRef.name", "langfuse.encryptionKey.secretKeyRef.key"),
    "NEXTAUTH_SECRET": ("langfuse.nextauth.secret.secretKeyRef.name", "langfuse.nextauth.secret.secretKeyRef.key"),
    "REDIS_AUTH": ("redis.auth.existingSecret", "redis.auth.existingSecretPasswordKey"),
    "SALT": ("langfuse.salt.secretKeyRef.name", "langfuse.salt.secretKeyRef.key"),
}
# Whole URLs. Where the chart sees one in langfuse.additionalEnv, and there with a value, it writes none of its own; so the
# value refers to a variable before it, as the chart itself does with REDIS_PASSWORD.
WHOLE_URLS = {"DATABASE_URL": "SECRET_DATABASE_URL", "REDIS_CONNECTION_STRING": "SECRET_REDIS_CONNECTION_STRING"}
# Names of the chart's own, beside Langfuse's.
RESERVED = ("REDIS_PASSWORD", *WHOLE_URLS.values())
PORTS = {"web": "langfuse.web.service.port", "worker": "langfuse.worker.port"}


@dataclass
class Whole:
    """The variables of all containers together; a chart's release always has web and worker."""

    plain: dict[str, str]
    secret: dict[str, str]


class Chart:
    """Values as they grow, with the variables that have their place and what the chart cannot do."""

    def __init__(self, whole: Whole, kubernetes_secret: str) -> None:
        self.whole = whole
        self.kubernetes_secret = kubernetes_secret
        self.values: dict[str, Any] = {}
        self.placed: set[str] = set()
        self.errors: list[Finding] = []

    def set(self, place: str, value: Any) -> None:
        *parents, last = place.split(".")
        target = self.values
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value

    def error(self, problem: str, fix: str) -> None:
        self.errors.append(Finding(OPTION, problem, fix))

    def take(self, name: str) -> str | None:
        """The plain value of a variable that the chart writes itself, if there is one."""
        if name in self.whole.secret:
            self.error(
                f"Langfuse's chart takes {name} as plain text only, and here it is a secret", "set it in settings"
            )
        self.placed.add(name)
        return self.whole.plain.get(name)

    def texts(self, places: dict[str, str]) -> None:
        for name, place in places.items():
            value = self.take(name)
            if value is not None:
                self.set(place, escaped(value))

    def flags(self, places: dict[str, str], turned_on: str = "true") -> None:
        for name, place in places.items():
            value = self.take(name)
            if value is not None:
                self.set(place, value == turned_on)

    def reference(self, name: str) -> dict[str, Any]:
        return {"secretKeyRef": {"name": self.kubernetes_secret, "key": name}}

    def entry(self, name: str) -> dict[str, Any]:
        """The variable as a container's env has it."""
        if name in self.whole.secret:
            return {"name": name, "valueFrom": self.reference(name)}
        return {"name": name, "value": escaped(self.whole.plain[name])}


def escaped(value: str) -> str:
    """The value as Kubernetes reads it back, which takes $(NAME) for a variable and $$ for one $."""
    return value.replace("$", "$$")


def chart_values(
    component: str, version: str, whole: Whole, names: list[str], kubernetes_secret: str
) -> tuple[dict[str, Any], list[Finding]]:
    """The chart's values for the variables `names` of a component, and what the chart cannot do with them.

    What the chart shares between web and worker is the same in the values of both, so they combine.
    """
    chart = Chart(whole, kubernetes_secret)
    if not SECRET_NAME.fullmatch(kubernetes_secret) or len(kubernetes_secret) > 253:
        chart.error(f"'{kubernetes_secret}' is not the name of a Kubernetes Secret", "use lower case, digits and '-'")
    if component not in PORTS:
        chart.error(
            "Langfuse's chart has no migration job", "ask for web and worker, with auto_migrations where wanted"
        )
        return {}, chart.errors
    for name in RESERVED:
        if name in whole.plain or name in whole.secret:
            chart.error(f"Langfuse's chart has a use of its own for {name}", "remove it; Langfuse does not read it")
    for name in sorted(name for name, value in whole.plain.items() if NOT_IN_YAML.search(value)):
        chart.error(f"{name} has a control character, which Helm cannot write", "remove it, or make it a secret")
    chart.set("langfuse.image.tag", version)
    chart.texts(TEXTS)
    chart.flags(FLAGS)
    chart.flags(NEGATED_FLAGS, turned_on="false")
    _secrets(chart)
    _database(chart)
    _cache(chart)
    _clickhouse(chart)
    _storage(chart)
    _port(chart, component)
    others = [chart.entry(name) for name in sorted(names) if name not in chart.placed]
    chart.set(f"langfuse.{component}.pod.additionalEnv", others)
    return chart.values, chart.errors


def _secrets(chart: Chart) -> None:
    for name, (secret_place, key_place) in SECRETS.items():
        if name in chart.whole.secret:
            chart.placed.add(name)
            chart.set(secret_place, chart.kubernetes_secret)
            chart.set(key_place, name)
    shared: list[dict[str, Any]] = []
    for name, before in WHOLE_URLS.items():
        if name in chart.whole.secret:
            chart.placed.add(name)
            shared += [
                {"name": before, "valueFrom": chart.reference(name)},
                {"name": name, "value": f"$({before})"},
            ]
    if shared:
        chart.set("langfuse.additionalEnv", shared)


def _database(chart: Chart) -> None:
    chart.set("postgresql.deploy", False)
    if "DATABASE_URL" in chart.whole.secret:
        # The chart's default would stand beside the URL.
        chart.set("postgresql.auth.database", "")


def _cache(chart: Chart) -> None:
    plain = chart.whole.plain
    chart.set("redis.deploy", False)
    if plain.get("REDIS_CLUSTER_ENABLED") == "true":
        for name in CLUSTER_TEXTS:
            chart.take(name)
        chart.set("redis.cluster.enabled", True)
        chart.set("redis.cluster.nodes", plain.get("REDIS_CLUSTER_NODES", "").split(","))
    elif plain.get("REDIS_SENTINEL_ENABLED") == "true":
        chart.texts(SENTINEL_TEXTS)
        chart.set("redis.sentinel.enabled", True)
    elif "REDIS_CONNECTION_STRING" in chart.whole.secret:
        return
    else:
        # The chart makes a URL of them; its own default is a user named default.
        chart.set("redis.host", chart.take("REDIS_HOST"))
        chart.set("redis.port", chart.take("REDIS_PORT") or "6379")
        chart.set("redis.auth.username", quote(chart.take("REDIS_USERNAME") or "", safe=""))
    chart.flags({"REDIS_TLS_ENABLED": "redis.tls.enabled"})


def _clickhouse(chart: Chart) -> None:
    chart.set("clickhouse.deploy", False)
    text = chart.take("CLICKHOUSE_URL")
    if text is None:
        return
    url = HTTP_URL.fullmatch(text)
    if not url:
        chart.error(
            f"Langfuse's chart makes ClickHouse's URL of a host and a port, and CLICKHOUSE_URL is '{text}'",
            "set it as http://host:port or https://host:port",
        )
        return
    secure = url["scheme"] == "https"
    chart.set("clickhouse.host", f"https://{url['host']}" if secure else url["host"])
    chart.set("clickhouse.httpPort", url["port"] or ("443" if secure else "80"))


def _storage(chart: Chart) -> None:
    """The chart's defaults are for a store of its own: a bucket, a region and addresses that AWS does not have."""
    for part, value in (("deploy", False), ("bucket", ""), ("region", ""), ("forcePathStyle", False)):
        chart.set(f"s3.{part}", value)
    if chart.whole.plain.get("LANGFUSE_S3_BATCH_EXPORT_ENABLED") == "true":
        chart.texts(EXPORT_TEXTS)
        chart.flags(EXPORT_FLAGS)
    else:
        chart.set("s3.batchExport.enabled", False)
    if "LANGFUSE_S3_MEDIA_UPLOAD_BUCKET" not in chart.whole.plain:
        chart.error("Langfuse's chart needs a bucket for media", "set storage.bucket or storage.media.bucket")


def _port(chart: Chart, component: str) -> None:
    """Where the server listens, which the chart's service and probes must know; only for web does it set the variable."""
    port = chart.whole.plain.get("PORT", "")
    if not port.isdecimal():
        return
    chart.set(PORTS[component], int(port))
    if component == "web":
        chart.placed.add("PORT")
