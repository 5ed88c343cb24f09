# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue import variables
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.helm import NOT_IN_YAML, RESERVED, WHOLE_URLS
from hypothesis import given
from hypothesis import strategies as st
from langfuse_chart import container_env, in_the_container, merged
from langfuse_description import ARN, BASE, PARAMETER, described

COMPONENTS = ("web", "worker")
# What the chart writes beside Langfuse's own variables, or with values that stand for "not set".
OF_THE_CHART = {
    *RESERVED,
    "REDIS_CONNECTION_STRING",
    "ENABLE_EXPERIMENTAL_FEATURES",
    "LANGFUSE_S3_MEDIA_UPLOAD_DOWNLOAD_URL_EXPIRY_SECONDS",
    "LANGFUSE_S3_MEDIA_UPLOAD_MAX_CONTENT_LENGTH",
}
# The chart's value where Langfuse's schema has no default, and Langfuse does the same without it.
AS_WITHOUT = {
    "AUTH_DISABLE_SIGNUP": "false",
    "LANGFUSE_LOG_LEVEL": "info",
    "NODE_ENV": "production",
    "PORT": "3000",
    "TELEMETRY_ENABLED": "true",
}


def values_of(**changes: Any) -> dict[str, Any]:
    """The values of web and worker together, as combine(recursive=true) joins them."""
    found = []
    for component in COMPONENTS:
        assembly = described(**{"kubernetes_secret": "langfuse", **changes, "component": component})
        assert assembly.errors == []
        assert assembly.helm_values is not None
        found.append(assembly.helm_values)
    both = merged({}, *found)
    assert both == merged({}, *reversed(found)), "what web and worker share is not the same in both"
    return both


def refusal(**changes: Any) -> str:
    assembly = described(**{"kubernetes_secret": "langfuse", **changes})
    assert assembly.helm_values in (None, {}) or assembly.errors
    return "\n".join(map(str, assembly.errors))


def check_both(**changes: Any) -> dict[str, dict[str, str]]:
    """That each container sees what the description says; returns what they see."""
    values = values_of(**changes)
    wanted = {component: described(**{**changes, "component": component}) for component in COMPONENTS}
    everything: dict[str, str] = {}
    for assembly in wanted.values():
        everything |= assembly.environment | {name: f"<{name}>" for name in assembly.secrets}
    seen = {}
    for component, assembly in wanted.items():
        env = container_env(values, component)
        names = [name for name, _value in env]
        assert sorted(names) == sorted(set(names)), "a name stands twice"
        seen[component] = in_the_container(env)
        found = with_parts(seen[component])
        for name in (*assembly.environment, *assembly.secrets):
            assert found.get(name) == everything[name], name
        for name in set(found) - set(assembly.environment) - set(assembly.secrets) - OF_THE_CHART:
            variable = variables(int(str(changes.get("langfuse_version", "3"))[0])).get(name)
            default = AS_WITHOUT.get(name) or (variable.default if variable else "")
            assert found[name] in (everything.get(name), default), f"{name} is only the chart's"
    return seen


def with_parts(seen: dict[str, str]) -> dict[str, str]:
    """The chart's URL of the cache, taken apart again."""
    text = seen.get("REDIS_CONNECTION_STRING", "")
    if not text.startswith("redis"):
        return seen
    url = urlsplit(text)
    parts = {"REDIS_HOST": url.hostname or "", "REDIS_PORT": str(url.port), "REDIS_AUTH": url.password or ""}
    assert (url.scheme == "rediss") == (seen["REDIS_TLS_ENABLED"] == "true")
    if url.username:
        parts["REDIS_USERNAME"] = unquote(url.username)
    return {**seen, **parts}


SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "version 4": {"langfuse_version": "4.16.0"},
    "a user at the cache": {"cache": {"username": "app@1"}},
    "cache without TLS": {"cache": {"tls": False}},
    "cluster": {
        "cache": {"host": None, "mode": "cluster", "nodes": ["a:6379", "b:6379"]},
        "queue_shards": {"ingestion": 6},
    },
    "cluster without a password": {
        "cache": {"host": None, "mode": "cluster", "nodes": ["a:6379"], "password_from_secret": False, "username": "u"}
    },
    "sentinel": {
        "cache": {
            "host": None,
            "mode": "sentinel",
            "nodes": ["a:26379", "b:26379"],
            "master_name": "m",
            "sentinel_username": "s",
            "sentinel_password_from_secret": True,
            "sentinel_tls": True,
        }
    },
    "whole URLs": {
        "database": {**dict.fromkeys(BASE["database"]), "url_from_secret": True},
        "cache": {"connection_string_from_secret": True, "host": None},
    },
    "ClickHouse Cloud": {"clickhouse": {"mode": "cloud", "host": "c.example"}},
    "replicas": {"clickhouse": {"mode": "replicated"}},
    "ClickHouse's own URL": {
        "clickhouse": {"host": None, "url": "http://c.example:9999/", "migration_url": "clickhouse://d.example:9001"}
    },
    "no exports": {"storage": {"export_enabled": False}},
    "an S3 of one's own": {
        "storage": {"endpoint": "https://s3.example", "force_path_style": True, "media": {"force_path_style": False}}
    },
    "sign-on, mail and init": {
        "sso": {
            "providers": [{"provider": "cognito", "client_id": "c", "issuer": "https://i.example/p"}],
            "password_login": False,
        },
        "secret_settings": {"AUTH_COGNITO_CLIENT_SECRET": PARAMETER, "LANGFUSE_EE_LICENSE_KEY": PARAMETER},
        "mail": {"from_address": "a@b.example"},
        "init": {"org_id": "o", "project_id": "p", "user_email": "a@b.example"},
    },
    "flags turned": {
        "sign_up_disabled": True,
        "telemetry": False,
        "auto_migrations": True,
        "settings": {"LANGFUSE_LOG_LEVEL": "warn", "LANGFUSE_LOG_FORMAT": "json", "LANGFUSE_S3_CONCURRENT_READS": 7},
    },
    "settings that the chart writes otherwise": {
        "settings": {"REDIS_CLUSTER_ENABLED": "false", "PORT": "3100", "OWN": "costs $5, $(SALT) and $$"}
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_container_sees_what_the_description_says(shape: str) -> None:
    if shape == "ClickHouse's own URL":
        # The chart always ends it with the port.
        values = values_of(**SHAPES[shape])
        seen = in_the_container(container_env(values, "web"))
        assert seen["CLICKHOUSE_URL"] == "http://c.example:9999"
        assert seen["CLICKHOUSE_MIGRATION_URL"] == "clickhouse://d.example:9001"
        return
    check_both(**SHAPES[shape])


def test_nothing_of_the_charts_own_stores_or_of_another_region_is_left() -> None:
    values = values_of(storage={"endpoint": None})
    assert [values[store]["deploy"] for store in ("postgresql", "redis", "clickhouse", "s3")] == [False] * 4
    seen = in_the_container(container_env(values, "web"))
    assert seen["LANGFUSE_S3_MEDIA_UPLOAD_REGION"] == "eu-central-1"
    assert seen["LANGFUSE_S3_EVENT_UPLOAD_FORCE_PATH_STYLE"] == "false"
    assert values["langfuse"]["image"]["tag"] == "3.225.4"


def test_secrets_are_references_to_the_named_secret() -> None:
    values = values_of(
        secret_settings={"AUTH_GOOGLE_CLIENT_SECRET": PARAMETER}, settings={"AUTH_GOOGLE_CLIENT_ID": "g"}
    )
    entries = values["langfuse"]["web"]["pod"]["additionalEnv"]
    reference = {"secretKeyRef": {"name": "langfuse", "key": "AUTH_GOOGLE_CLIENT_SECRET"}}
    assert {"name": "AUTH_GOOGLE_CLIENT_SECRET", "valueFrom": reference} in entries
    assert ARN not in str(values)
    assert PARAMETER not in str(values)


def test_the_servers_port_is_a_number_that_service_and_probes_know() -> None:
    values = values_of(settings={"PORT": "3100"})
    assert values["langfuse"]["web"]["service"]["port"] == 3100
    assert values["langfuse"]["worker"]["port"] == 3100
    assert in_the_container(container_env(values, "worker"))["PORT"] == "3100"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"component": "migration"}, "no migration job"),
        ({"kubernetes_secret": "Not_A_Name"}, "not the name of a Kubernetes Secret"),
        (
            {"clickhouse": {"url": "http://proxy.example/clickhouse"}},
            "a host and a port",
        ),
        ({"storage": {"bucket": None, "events": {"bucket": "only-events"}}}, "a bucket for media"),
        ({"settings": {"SECRET_DATABASE_URL": "x"}}, "a use of its own for SECRET_DATABASE_URL"),
        ({"settings": {"OWN": "bell \x07"}}, "OWN has a control character"),
        ({"url": None, "secret_settings": {"NEXTAUTH_URL": PARAMETER}}, "takes NEXTAUTH_URL as plain text only"),
    ],
)
def test_what_the_chart_cannot_do_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(**changes)


def test_without_a_kubernetes_secret_there_are_no_values() -> None:
    assert described().helm_values is None


words = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}\.[a-z]{2,6}", fullmatch=True)
ports = st.integers(1, 65535)
nodes = st.lists(st.builds("{}:{}".format, hosts, ports), min_size=1, max_size=3)
flags = st.booleans()
own_values = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\t\n"), min_size=1, max_size=12
).filter(lambda value: not NOT_IN_YAML.search(value))
caches = st.one_of(
    st.fixed_dictionaries({"host": hosts}, optional={"port": ports, "tls": flags, "username": words}),
    st.fixed_dictionaries(
        {"mode": st.just("cluster"), "nodes": nodes, "host": st.none()},
        optional={"tls": flags, "username": words, "password_from_secret": flags},
    ),
    st.fixed_dictionaries(
        {"mode": st.just("sentinel"), "nodes": nodes, "master_name": words, "host": st.none()}, optional={"tls": flags}
    ),
)
uses = st.fixed_dictionaries(
    {}, optional={"bucket": words, "region": words, "force_path_style": flags, "prefix": st.just("p/")}
)
descriptions = st.fixed_dictionaries(
    {
        "langfuse_version": st.sampled_from(["3.225.4", "4.16.0"]),
        "cache": caches,
        "clickhouse": st.fixed_dictionaries(
            {"host": hosts},
            optional={"mode": st.sampled_from(["single", "replicated", "cloud"]), "http_port": ports, "user": words},
        ),
        "storage": st.fixed_dictionaries(
            {"bucket": words, "region": words},
            optional={"export_enabled": flags, "events": uses, "media": uses, "exports": uses},
        ),
        # What a value may have in it: $, quotes, lines, and whatever Kubernetes would take for a variable.
        "settings": st.dictionaries(
            st.from_regex(r"\ASOME_[A-Z]{1,9}\Z"),
            st.one_of(own_values, st.sampled_from(["$(SALT)", "$$(A)", "$"])),
            max_size=4,
        ),
    },
    optional={"sign_up_disabled": flags, "telemetry": flags, "auto_migrations": flags},
)


@given(descriptions)
def test_any_description_reaches_the_containers_as_it_is(description: dict[str, Any]) -> None:
    check_both(**description)


def test_whole_urls_are_seen_by_the_chart_where_it_looks() -> None:
    values = values_of(**SHAPES["whole URLs"])
    shared = [entry["name"] for entry in values["langfuse"]["additionalEnv"]]
    # Kubernetes only knows variables that stand before.
    for name, before in WHOLE_URLS.items():
        assert shared.index(before) < shared.index(name)
    seen = in_the_container(container_env(values, "worker"))
    assert seen["DATABASE_URL"] == "<DATABASE_URL>"
    assert seen["REDIS_CONNECTION_STRING"] == "<REDIS_CONNECTION_STRING>"
    assert "DATABASE_HOST" not in seen
