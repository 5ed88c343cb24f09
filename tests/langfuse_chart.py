# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Langfuse's Helm chart writes into a container's env for given values, and what Kubernetes makes of that.

A model of langfuse/langfuse-k8s, charts/langfuse 2.0.0: templates/_helpers.tpl, web and worker/deployment.yaml and the defaults of
values.yaml, for the paths that values without its own data stores take.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

NO_SECRET = {"value": "", "secretKeyRef": {"name": "", "key": ""}}
DEFAULTS: dict[str, Any] = {
    "langfuse": {
        "nodeEnv": "production",
        "logging": {"level": "info", "format": "text"},
        "salt": NO_SECRET,
        "encryptionKey": NO_SECRET,
        "nextauth": {"url": "http://localhost:3000", "secret": NO_SECRET},
        "features": {"telemetryEnabled": True, "signUpDisabled": False, "experimentalFeaturesEnabled": False},
        "additionalEnv": [],
        "image": {"tag": None},
        "web": {"service": {"port": 3000}, "pod": {"additionalEnv": []}},
        "worker": {"pod": {"additionalEnv": []}},
    },
    "postgresql": {
        "deploy": True,
        "host": "",
        "args": "",
        "auth": {
            "username": "langfuse",
            "existingSecret": "",
            "secretKeys": {"userPasswordKey": "password"},
            "database": "langfuse",
        },
        "migration": {"autoMigrate": True},
    },
    "redis": {
        "deploy": True,
        "host": "",
        "port": 6379,
        "tls": {"enabled": False},
        "auth": {"username": "default", "existingSecret": "", "existingSecretPasswordKey": "", "database": 0},
        "cluster": {"enabled": False, "nodes": []},
        "sentinel": {"enabled": False, "masterName": "", "nodes": ""},
    },
    "clickhouse": {
        "deploy": True,
        "host": "",
        "httpPort": 8123,
        "nativePort": 9000,
        "database": "default",
        "auth": {"username": "default", "existingSecret": "", "existingSecretKey": ""},
        "migration": {"url": "", "ssl": False, "autoMigrate": True},
        "cluster": {"enabled": True},
    },
    "s3": {
        "deploy": True,
        "bucket": "langfuse",
        "region": "auto",
        "forcePathStyle": True,
        "concurrency": {"reads": 50, "writes": 50},
        "eventUpload": {"bucket": "", "region": "", "forcePathStyle": None},
        "batchExport": {"enabled": True, "bucket": "", "region": "", "forcePathStyle": None},
        "mediaUpload": {
            "bucket": "",
            "region": "",
            "forcePathStyle": None,
            "maxContentLength": 1000000000,
            "downloadUrlExpirySeconds": 3600,
        },
    },
}
Entry = tuple[str, Any]


def merged(base: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """As Helm lays values over defaults, and Ansible's combine(recursive=true) one over another."""
    found = copy.deepcopy(base)
    for other in others:
        for name, value in other.items():
            both = isinstance(value, dict) and isinstance(found.get(name), dict)
            found[name] = merged(found[name], value) if both else copy.deepcopy(value)
    return found


def text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    # Helm reads numbers as Go's float64.
    return f"{value:g}" if isinstance(value, int) and value > 10**8 else str(value)


def from_secret(name: str, key: str) -> dict[str, Any]:
    assert name, "the chart would make a secret of its own"
    assert key
    return {"secretKeyRef": {"name": name, "key": key}}


def seen(entries: list[dict[str, Any]], name: str) -> str:
    """langfuse.getEnvVar, for entries that have a value."""
    return "".join(entry["value"] for entry in entries if entry["name"] == name and "value" in entry)


def container_env(values: dict[str, Any], component: str) -> list[Entry]:
    """The env of a component's container, in its order: a text, or a reference to a key of a secret."""
    v = merged(DEFAULTS, values)
    assert not any(v[store]["deploy"] for store in ("postgresql", "redis", "clickhouse", "s3"))
    langfuse = v["langfuse"]
    found = [*_server(langfuse), *_database(v), *_redis(v), *_clickhouse(v), *_s3(v["s3"])]
    if component == "web":
        found.append(("PORT", text(langfuse["web"]["service"]["port"])))
    more = [*langfuse["additionalEnv"], *langfuse[component]["pod"]["additionalEnv"]]
    if not seen(more, "HOSTNAME"):
        found.append(("HOSTNAME", "0.0.0.0"))
    return found + [(entry["name"], entry["value"] if "value" in entry else entry["valueFrom"]) for entry in more]


def _server(langfuse: dict[str, Any]) -> Iterator[Entry]:
    assert langfuse["logging"]["level"] in ("trace", "debug", "info", "warn", "error", "fatal")
    assert langfuse["logging"]["format"] in ("text", "json")
    yield "NODE_ENV", text(langfuse["nodeEnv"])
    yield "LANGFUSE_LOG_LEVEL", text(langfuse["logging"]["level"])
    yield "LANGFUSE_LOG_FORMAT", text(langfuse["logging"]["format"])
    yield "SALT", from_secret(**langfuse["salt"]["secretKeyRef"])
    yield "ENCRYPTION_KEY", from_secret(**langfuse["encryptionKey"]["secretKeyRef"])
    yield "TELEMETRY_ENABLED", text(langfuse["features"]["telemetryEnabled"])
    yield "AUTH_DISABLE_SIGNUP", text(langfuse["features"]["signUpDisabled"])
    yield "ENABLE_EXPERIMENTAL_FEATURES", text(langfuse["features"]["experimentalFeaturesEnabled"])
    yield "NEXTAUTH_URL", text(langfuse["nextauth"]["url"])
    yield "NEXTAUTH_SECRET", from_secret(**langfuse["nextauth"]["secret"]["secretKeyRef"])


def _database(v: dict[str, Any]) -> Iterator[Entry]:
    postgresql, auth = v["postgresql"], v["postgresql"]["auth"]
    if not seen(v["langfuse"]["additionalEnv"], "DATABASE_URL"):
        yield "DATABASE_HOST", text(postgresql["host"])
        if auth["username"]:
            yield "DATABASE_USERNAME", text(auth["username"])
        yield "DATABASE_PASSWORD", from_secret(auth["existingSecret"], auth["secretKeys"]["userPasswordKey"])
    if auth["database"]:
        yield "DATABASE_NAME", text(auth["database"])
    if postgresql["args"]:
        yield "DATABASE_ARGS", text(postgresql["args"])
    yield "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED", text(not postgresql["migration"]["autoMigrate"])


def _redis(v: dict[str, Any]) -> Iterator[Entry]:
    redis, auth, given = v["redis"], v["redis"]["auth"], v["langfuse"]["additionalEnv"]
    password = bool(auth["existingSecret"])
    if password:
        yield "REDIS_PASSWORD", from_secret(auth["existingSecret"], auth["existingSecretPasswordKey"])
    if redis["cluster"]["enabled"] or redis["sentinel"]["enabled"]:
        assert not (redis["cluster"]["enabled"] and redis["sentinel"]["enabled"])
        if redis["cluster"]["enabled"]:
            assert redis["cluster"]["nodes"]
            yield "REDIS_CLUSTER_ENABLED", "true"
            yield "REDIS_CLUSTER_NODES", ",".join(redis["cluster"]["nodes"])
        else:
            assert redis["sentinel"]["masterName"]
            assert redis["sentinel"]["nodes"]
            yield "REDIS_SENTINEL_ENABLED", "true"
            yield "REDIS_SENTINEL_MASTER_NAME", text(redis["sentinel"]["masterName"])
            yield "REDIS_SENTINEL_NODES", text(redis["sentinel"]["nodes"])
        if password:
            yield "REDIS_AUTH", "$(REDIS_PASSWORD)"
        yield "REDIS_TLS_ENABLED", text(redis["tls"]["enabled"])
    elif seen(given, "REDIS_CONNECTION_STRING"):
        assert not redis["host"], "the chart refuses both"
    else:
        assert redis["host"]
        yield "REDIS_TLS_ENABLED", text(redis["tls"]["enabled"])
        user = (
            f"{auth['username']}:" if auth["username"] and password else auth["username"] or (":" if password else "")
        )
        user += "$(REDIS_PASSWORD)@" if password else "@" if user else ""
        scheme = "rediss" if redis["tls"]["enabled"] else "redis"
        place = f"{redis['host']}:{text(redis['port'])}/{text(auth['database'])}"
        yield "REDIS_CONNECTION_STRING", f"{scheme}://{user}{place}"


def _clickhouse(v: dict[str, Any]) -> Iterator[Entry]:
    clickhouse, auth = v["clickhouse"], v["clickhouse"]["auth"]
    assert clickhouse["host"], "the chart refuses it"
    secure = clickhouse["host"].startswith("https://")
    host = re.sub("^https?://", "", clickhouse["host"])
    native = f"clickhouse://{host}:{text(clickhouse['nativePort'])}"
    yield "CLICKHOUSE_MIGRATION_URL", text(clickhouse["migration"]["url"] or native)
    yield "CLICKHOUSE_MIGRATION_SSL", text(clickhouse["migration"]["ssl"])
    yield "CLICKHOUSE_URL", f"{'https' if secure else 'http'}://{host}:{text(clickhouse['httpPort'])}"
    yield "CLICKHOUSE_DB", text(clickhouse["database"])
    if auth["username"]:
        yield "CLICKHOUSE_USER", text(auth["username"])
    if auth["existingSecret"]:
        yield "CLICKHOUSE_PASSWORD", from_secret(auth["existingSecret"], auth["existingSecretKey"])
    yield "CLICKHOUSE_CLUSTER_ENABLED", text(clickhouse["cluster"]["enabled"])
    yield "LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED", text(not clickhouse["migration"]["autoMigrate"])


def _s3(s3: dict[str, Any]) -> Iterator[Entry]:
    yield from _s3_use(s3, "eventUpload", "LANGFUSE_S3_EVENT_UPLOAD")
    yield "LANGFUSE_S3_BATCH_EXPORT_ENABLED", text(s3["batchExport"]["enabled"])
    if s3["batchExport"]["enabled"]:
        yield from _s3_use(s3, "batchExport", "LANGFUSE_S3_BATCH_EXPORT")
    yield from _s3_use(s3, "mediaUpload", "LANGFUSE_S3_MEDIA_UPLOAD")
    yield "LANGFUSE_S3_MEDIA_UPLOAD_MAX_CONTENT_LENGTH", text(s3["mediaUpload"]["maxContentLength"])
    yield "LANGFUSE_S3_MEDIA_UPLOAD_DOWNLOAD_URL_EXPIRY_SECONDS", text(s3["mediaUpload"]["downloadUrlExpirySeconds"])
    yield "LANGFUSE_S3_CONCURRENT_READS", text(s3["concurrency"]["reads"])
    yield "LANGFUSE_S3_CONCURRENT_WRITES", text(s3["concurrency"]["writes"])


def _s3_use(s3: dict[str, Any], use: str, name: str) -> Iterator[Entry]:
    bucket = s3[use]["bucket"] or s3["bucket"]
    assert bucket, f"s3.[{use}].bucket is required"
    yield f"{name}_BUCKET", text(bucket)
    region = s3[use]["region"] or s3["region"]
    if region:
        yield f"{name}_REGION", text(region)
    # Helm's default takes false for nothing.
    yield f"{name}_FORCE_PATH_STYLE", text(s3[use]["forcePathStyle"] or s3["forcePathStyle"])


def in_the_container(env: list[Entry]) -> dict[str, str]:
    """What the process sees. A value refers to variables before it by $(NAME); $$ is one $. A secret's key reads <key>.

    Source: Kubernetes, third_party/forked/golang/expansion/expand.go.
    """
    found: dict[str, str] = {}
    for name, value in env:
        if isinstance(value, dict):
            found[name] = f"<{value['secretKeyRef']['key']}>"
        else:
            found[name] = re.sub(
                r"\$(\$|\(([^)]*)\))",
                lambda match: "$" if match[1] == "$" else found.get(match[2], match[0]),
                value,
            )
    return found
