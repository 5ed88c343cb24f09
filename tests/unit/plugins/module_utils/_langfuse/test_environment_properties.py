# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for any description: it reads back as it was, no secret is plain, and every variable can be set."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue import variables
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.components import QUEUE_SHARDS
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.environment import Assembly
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.rules import S3_USES, SSO_PROVIDERS
from hypothesis import given, settings
from hypothesis import strategies as st
from langfuse_description import ARN, BASE, PARAMETER, accepted, described, example

VERSIONS = ["3.225.4", "4.16.0"]


# Every variable can be set.


def provider(name: str) -> dict[str, dict[str, str]]:
    """The settings of a whole provider."""
    parts = {f"AUTH_{name}_{part}": "" for part in SSO_PROVIDERS.get(name, ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"))}
    plain = {part: example(part, 3) for part in parts if not variables(3)[part].secret}
    return {"settings": plain, "secret_settings": {f"AUTH_{name}_CLIENT_SECRET": PARAMETER}}


def company(name: str) -> dict[str, Any]:
    """What a variable needs beside it, so that the description makes sense."""
    for start, found in COMPANIES.items():
        if name.startswith(start):
            return found(name) if callable(found) else found
    owner = next((each for each in PROVIDERS if name.startswith(f"AUTH_{each}_")), None)
    return provider(owner) if owner else {}


def of_storage(name: str) -> dict[str, Any]:
    use = next(each for each in S3_USES if name.startswith(f"{each}_"))
    return {
        f"{use}_ACCESS_KEY_ID": {"secret_settings": {f"{use}_SECRET_ACCESS_KEY": PARAMETER}},
        f"{use}_SECRET_ACCESS_KEY": {"settings": {f"{use}_ACCESS_KEY_ID": "AKIA"}},
        f"{use}_SSE_KMS_KEY_ID": {"settings": {f"{use}_SSE": "aws:kms"}},
    }.get(name, {})


def of_init(name: str) -> dict[str, Any]:
    init = {"org_id": "o", "project_id": "p", "user_email": "a@b.example"}
    option = name.removeprefix("LANGFUSE_INIT_").lower()
    return {"init": {key: value for key, value in init.items() if key != option}}


def of_several_nodes(name: str) -> dict[str, Any]:
    mode = name.split("_")[1].lower()
    parts = {"nodes": ["a:6379"], **({"master_name": "m"} if mode == "sentinel" else {})}
    option = name.removeprefix(f"REDIS_{mode.upper()}_").lower()
    return {"cache": {"host": None, "mode": mode, **{key: value for key, value in parts.items() if key != option}}}


# Longer beginnings first.
PROVIDERS = sorted([*SSO_PROVIDERS, "CLICKHOUSE_CLOUD"], key=len, reverse=True)
WHOLE_MAIL = {"mail": {"from_address": "a@b.example"}, "secret_settings": {"SMTP_CONNECTION_URL": PARAMETER}}
COMPANIES: dict[str, Any] = {
    "AUTH_DISABLE_USERNAME_PASSWORD": provider("GOOGLE"),
    "AUTH_DOMAINS_WITH_SSO_ENFORCEMENT": provider("GOOGLE"),
    "AUTH_EMAIL_VERIFICATION_REQUIRED": WHOLE_MAIL,
    "CLICKHOUSE_CLUSTER_NAME": {"clickhouse": {"mode": "replicated"}},
    "DATABASE_URL": {"database": None},
    "EMAIL_FROM_ADDRESS": {"secret_settings": {"SMTP_CONNECTION_URL": PARAMETER}},
    "LANGFUSE_INIT_": of_init,
    "REDIS_CLUSTER_": of_several_nodes,
    "REDIS_CONNECTION_STRING": {"cache": None},
    "REDIS_SENTINEL_": of_several_nodes,
    "REDIS_TLS_CERT_PATH": {"cache": {"tls_key_path": "/k"}},
    "REDIS_TLS_KEY_PATH": {"cache": {"tls_cert_path": "/c"}},
    "SMTP_CONNECTION_URL": WHOLE_MAIL,
    **dict.fromkeys((f"{use}_" for use in S3_USES), of_storage),
}


def description_with(name: str, version: str) -> dict[str, Any]:
    """The changes to BASE that set the variable, and what has to stand beside it."""
    major = int(version[0])
    changes = {"langfuse_version": version, **company(name)}
    kind, value = (
        ("secret_settings", PARAMETER) if variables(major)[name].secret else ("settings", example(name, major))
    )
    if name == "CLICKHOUSE_CLUSTER_NAME":
        value = "default"
    changes[kind] = {**changes.get(kind, {}), name: value}
    return changes


@pytest.mark.parametrize("container", ["web", "worker"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_variable_of_the_catalogue_is_reachable(
    version: str, container: str, record_property: Callable[[str, object], None]
) -> None:
    """Each in a description that is accepted: made by an option, as a setting, or as a secret by its ARN."""
    catalogue = [variable for variable in variables(int(version[0])).values() if variable.read_by(container)]
    reached, refused = [], {}
    for variable in catalogue:
        name = variable.name
        assembly = described(component=container, langfuse_version=version, **company(name))
        if name not in {**assembly.environment, **assembly.secrets}:
            assembly = described(component=container, **description_with(name, version))
        if assembly.errors:
            refused[name] = [str(error) for error in assembly.errors]
        elif name in assembly.secrets or (name in assembly.environment and not variable.secret):
            reached.append(name)
    record_property("reachable", f"{version} {container}: {len(reached)} of {len(catalogue)}")
    assert refused == {}
    assert sorted({variable.name for variable in catalogue} - set(reached)) == []
    # The table's own numbers (3.225.4: 217 of web, 143 of worker, 212 of both), and the 4 that no schema names.
    expected = {("3.225.4", "web"): 433, ("3.225.4", "worker"): 358, ("4.16.0", "web"): 451, ("4.16.0", "worker"): 380}
    assert len(reached) == expected[version, container], "the catalogue has other variables; count them here"


# Any description reads back as it was.

words = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5})?", fullmatch=True)
hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,6}){1,2}", fullmatch=True)
ports = st.integers(1, 65535)
flags = st.booleans()
https = st.builds("https://{}".format, hosts)
prefixes = st.builds("{}/".format, words)
nodes = st.lists(st.builds("{}:{}".format, hosts, ports), min_size=1, max_size=3)


def some(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A dictionary with any of these keys."""
    return st.fixed_dictionaries({}, optional=strategies)


databases = st.one_of(
    st.fixed_dictionaries(
        {"host": hosts, "name": words, "username": words},
        optional={
            "port": ports,
            "ssl_mode": st.sampled_from(["disable", "prefer", "require"]),
            "arguments": some(connection_limit=st.integers(1, 99), schema=words, pgbouncer=flags),
            "direct_url_from_secret": flags,
        },
    ),
    st.fixed_dictionaries({"url_from_secret": st.just(True)}, optional={"direct_url_from_secret": flags}),
)
tls = {
    "tls": flags,
    "tls_ca_path": words,
    "tls_server_name": hosts,
    "tls_verify": flags,
    "tls_check_server_identity": flags,
    "username": words,
    "key_prefix": words,
    "socket_timeout_ms": st.one_of(st.just(0), st.integers(10000, 99999)),
}
caches = st.one_of(
    st.fixed_dictionaries({"host": hosts}, optional={"mode": st.just("standalone"), "port": ports, **tls}),
    st.fixed_dictionaries({"connection_string_from_secret": st.just(True)}, optional=tls),
    st.fixed_dictionaries(
        {"mode": st.just("cluster"), "nodes": nodes}, optional={"password_from_secret": flags, **tls}
    ),
    st.fixed_dictionaries(
        {"mode": st.just("sentinel"), "nodes": nodes, "master_name": words},
        optional={"sentinel_username": words, "sentinel_password_from_secret": flags, **tls},
    ),
)
clickhouses = st.fixed_dictionaries(
    {"host": hosts},
    optional={
        "mode": st.sampled_from(["single", "replicated", "cloud"]),
        "http_port": ports,
        "native_port": ports,
        "user": words,
        "database": words,
        "read_only_url": https,
    },
)
kms = st.fixed_dictionaries({"sse": st.just("aws:kms")}, optional={"kms_key_id": words})
encryption = st.one_of(st.just({}), st.just({"sse": "AES256"}), kms)
use = st.builds(
    lambda one, other: {**one, **other},
    some(bucket=words, region=words, prefix=prefixes, endpoint=https, force_path_style=flags),
    kms,
)
storages = st.builds(
    lambda base, other, more: {**base, **other, **more},
    st.fixed_dictionaries(
        {"bucket": words, "region": words},
        optional={
            "event_prefix": prefixes,
            "media_prefix": prefixes,
            "export_prefix": prefixes,
            "export_enabled": flags,
        },
    ),
    encryption,
    some(events=use, media=use, exports=use),
)
PARTS = {
    "client_id": words,
    "issuer": st.just("https://id.example/application/o/a/"),
    "tenant_id": words,
    "base_url": https,
    "name": words,
    "scope": words,
    "allow_account_linking": flags,
    "checks": st.lists(st.sampled_from(["nonce", "pkce", "state"]), min_size=1, max_size=2, unique=True),
    "id_token": flags,
    "client_auth_method": st.just("client_secret_post"),
}


@st.composite
def providers(draw: Callable[..., Any]) -> list[dict[str, Any]]:
    chosen = []
    for name in draw(st.lists(st.sampled_from(sorted(SSO_PROVIDERS)), max_size=3, unique=True)):
        needed = [part.lower() for part in SSO_PROVIDERS[name]]
        known = [part for part in PARTS if f"AUTH_{name}_{part.upper()}" in variables(3)]
        keep = [part for part in known if part in needed or draw(flags)]
        chosen.append({"provider": name.lower(), **{part: draw(PARTS[part]) for part in keep}})
    return chosen


descriptions = st.fixed_dictionaries(
    {
        "langfuse_version": st.sampled_from(VERSIONS),
        "url": https,
        "database": databases,
        "cache": caches,
        "clickhouse": clickhouses,
        "storage": storages,
        "secret_arn": st.just(ARN),
    },
    optional={
        "sso": st.fixed_dictionaries(
            {"providers": providers()}, optional={"session_max_age_minutes": st.integers(6, 99)}
        ),
        "mail": st.fixed_dictionaries(
            {"from_address": st.just("a@b.example")}, optional={"verification_required": flags}
        ),
        "init": st.fixed_dictionaries(
            {"org_id": words},
            optional={"org_name": st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)},
        ),
        "queue_shards": some(**{name: st.integers(1, 64) for name in QUEUE_SHARDS}),
        "write_mode": st.sampled_from(["legacy", "dual", "events_only"]),
        "telemetry": flags,
        "sign_up_disabled": flags,
        "keep_alive_timeout_ms": st.integers(1000, 200000),
    },
)


def read_back(web: Assembly, worker: Assembly) -> dict[str, Any]:
    """A description read from what web and worker get, as Langfuse and its entry points read it."""
    plain = {**worker.environment, **web.environment}
    secret = {**worker.secrets, **web.secrets}
    return {
        "url": plain["NEXTAUTH_URL"],
        "database": read_database(plain, secret),
        "cache": read_cache(plain, secret),
        "clickhouse": read_clickhouse(plain),
        "storage": read_storage(plain),
        "sso": read_sso(plain),
        "mail": {
            "from_address": plain.get("EMAIL_FROM_ADDRESS"),
            "verification_required": flag(plain.get("AUTH_EMAIL_VERIFICATION_REQUIRED")),
        },
        "init": {"org_id": plain.get("LANGFUSE_INIT_ORG_ID"), "org_name": plain.get("LANGFUSE_INIT_ORG_NAME")},
        "queue_shards": {name: number(plain.get(variable)) for name, variable in QUEUE_SHARDS.items()},
        "write_mode": plain.get("LANGFUSE_MIGRATION_V4_WRITE_MODE"),
        "telemetry": flag(plain.get("TELEMETRY_ENABLED")),
        "sign_up_disabled": flag(plain.get("AUTH_DISABLE_SIGNUP")),
        "keep_alive_timeout_ms": number(plain.get("KEEP_ALIVE_TIMEOUT")),
        "secret_arn": ARN,
    }


def flag(text: str | None) -> bool | None:
    return None if text is None else {"true": True, "false": False}[text]


def number(text: str | None) -> int | None:
    return None if text is None else int(text)


def several(text: str | None) -> list[str] | None:
    return None if text is None else text.split(",")


def read_database(plain: dict[str, str], secret: dict[str, str]) -> dict[str, Any]:
    direct = "DIRECT_URL" in secret
    if "DATABASE_URL" in secret:
        assert not [name for name in (*plain, *secret) if name.startswith("DATABASE_") and name != "DATABASE_URL"]
        return {"url_from_secret": True, "direct_url_from_secret": direct}
    assert "DATABASE_PASSWORD" in secret
    # web/entrypoint.sh puts it together like this, whatever characters the parts have.
    place = f"{plain['DATABASE_USERNAME']}:secret@{plain['DATABASE_HOST']}/{plain['DATABASE_NAME']}"
    url = urlsplit(f"postgresql://{place}?{plain['DATABASE_ARGS']}")
    arguments: dict[str, Any] = dict(parse_qsl(url.query, strict_parsing=True))
    found = {"ssl_mode": arguments.pop("sslmode"), "arguments": arguments, "direct_url_from_secret": direct}
    return {"host": url.hostname, "port": url.port, "name": url.path[1:], "username": url.username, **found}


def read_cache(plain: dict[str, str], secret: dict[str, str]) -> dict[str, Any]:
    """packages/shared/src/server/redis/redis.ts."""
    cluster = plain.get("REDIS_CLUSTER_ENABLED") == "true"
    sentinel = plain.get("REDIS_SENTINEL_ENABLED") == "true"
    assert not (cluster and sentinel)
    found: dict[str, Any] = {
        "mode": "cluster" if cluster else "sentinel" if sentinel else "standalone",
        "username": plain.get("REDIS_USERNAME"),
        "password_from_secret": "REDIS_AUTH" in secret or "REDIS_CONNECTION_STRING" in secret,
        "key_prefix": plain.get("REDIS_KEY_PREFIX"),
        "socket_timeout_ms": number(plain.get("REDIS_SOCKET_TIMEOUT_MS")),
        "tls": plain.get("REDIS_TLS_ENABLED") == "true",
        "tls_ca_path": plain.get("REDIS_TLS_CA_PATH"),
        "tls_server_name": plain.get("REDIS_TLS_SERVERNAME"),
        "tls_verify": flag(plain.get("REDIS_TLS_REJECT_UNAUTHORIZED")),
        "tls_check_server_identity": flag(plain.get("REDIS_TLS_CHECK_SERVER_IDENTITY")),
    }
    if cluster:
        return {**found, "nodes": several(plain["REDIS_CLUSTER_NODES"])}
    if sentinel:
        return {
            **found,
            "nodes": several(plain["REDIS_SENTINEL_NODES"]),
            "master_name": plain["REDIS_SENTINEL_MASTER_NAME"],
            "sentinel_username": plain.get("REDIS_SENTINEL_USERNAME"),
            "sentinel_password_from_secret": "REDIS_SENTINEL_PASSWORD" in secret,
        }
    if "REDIS_CONNECTION_STRING" in secret:
        return {**found, "connection_string_from_secret": True}
    # Without a password Langfuse would send the text "undefined".
    assert "REDIS_AUTH" in secret
    return {**found, "host": plain["REDIS_HOST"], "port": int(plain["REDIS_PORT"])}


def read_clickhouse(plain: dict[str, str]) -> dict[str, Any]:
    http, native = urlsplit(plain["CLICKHOUSE_URL"]), urlsplit(plain["CLICKHOUSE_MIGRATION_URL"])
    secure = plain["CLICKHOUSE_MIGRATION_SSL"] == "true"
    assert (http.scheme == "https") is secure
    assert http.hostname == native.hostname
    clustered = plain["CLICKHOUSE_CLUSTER_ENABLED"] == "true"
    return {
        "mode": "replicated" if clustered else "cloud" if secure else "single",
        "host": http.hostname,
        "http_port": http.port,
        "native_port": native.port,
        "user": plain["CLICKHOUSE_USER"],
        "database": plain["CLICKHOUSE_DB"],
        "read_only_url": plain.get("CLICKHOUSE_READ_ONLY_URL"),
    }


def read_storage(plain: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"export_enabled": plain["LANGFUSE_S3_BATCH_EXPORT_ENABLED"] == "true"}
    for name, variable in (("events", "EVENT_UPLOAD"), ("media", "MEDIA_UPLOAD"), ("exports", "BATCH_EXPORT")):
        start = f"LANGFUSE_S3_{variable}_"
        if f"{start}BUCKET" not in plain:
            continue
        found[name] = {
            "bucket": plain[f"{start}BUCKET"],
            "region": plain[f"{start}REGION"],
            "prefix": plain[f"{start}PREFIX"],
            "endpoint": plain.get(f"{start}ENDPOINT"),
            "force_path_style": flag(plain.get(f"{start}FORCE_PATH_STYLE")),
            "sse": plain.get(f"{start}SSE"),
            "kms_key_id": plain.get(f"{start}SSE_KMS_KEY_ID"),
        }
    return found


def read_sso(plain: dict[str, str]) -> dict[str, Any]:
    """web/src/server/auth.ts."""
    found = []
    for name in SSO_PROVIDERS:
        given = {part: plain.get(f"AUTH_{name}_{part.upper()}") for part in PARTS}
        if given["client_id"]:
            kept: dict[str, Any] = {part: value for part, value in given.items() if value}
            kept.update({part: flag(kept[part]) for part in ("allow_account_linking", "id_token") if part in kept})
            kept.update({part: several(kept[part]) for part in ("checks",) if part in kept})
            found.append({"provider": name.lower(), **kept})
    return {"providers": found, "session_max_age_minutes": number(plain.get("AUTH_SESSION_MAX_AGE"))}


def assert_within(given: Any, found: Any, place: str) -> None:
    """Everything that was given was read back."""
    if isinstance(given, dict):
        for key, value in given.items():
            assert_within(value, found.get(key), f"{place}.{key}")
    elif place == ".sso.providers":
        by_name = {each["provider"]: each for each in found}
        assert len(by_name) == len(given)
        for each in given:
            assert_within(each, by_name[each["provider"]], f"{place}.{each['provider']}")
    elif place.startswith(".database.arguments"):
        assert found == (str(given).lower() if isinstance(given, bool) else str(given)), place
    else:
        assert found == given, place


def expected_storage(given: dict[str, Any]) -> dict[str, Any]:
    """What is said for all uses of the storage, said for each."""
    found: dict[str, Any] = {"export_enabled": given.get("export_enabled", True)}
    for name, option in (("events", "event_prefix"), ("media", "media_prefix"), ("exports", "export_prefix")):
        if name == "exports" and not found["export_enabled"]:
            continue
        shared = {key: given[key] for key in ("bucket", "region", "sse", "kms_key_id") if key in given}
        found[name] = {**shared, "prefix": given.get(option, option.split("_")[0] + "s/"), **given.get(name, {})}
        found[name]["prefix"] = found[name]["prefix"].replace("medias/", "media/")
    return found


@given(descriptions)
def test_any_accepted_description_reads_back_as_it_was(description: dict[str, Any]) -> None:
    web, worker = accepted_as(description, "web"), accepted_as(description, "worker")
    back = read_back(web, worker)
    expected = {**description, "storage": expected_storage(description["storage"])}
    if not expected["clickhouse"].get("mode"):
        expected["clickhouse"] = {**expected["clickhouse"], "mode": "single"}
    assert_within({key: value for key, value in expected.items() if key != "langfuse_version"}, back, "")

    again = {**back, "langfuse_version": description["langfuse_version"]}
    for assembly in (web, worker):
        assert accepted_as(again, assembly.component).digest() == assembly.digest()


def accepted_as(description: dict[str, Any], component: str) -> Assembly:
    assembly = described(**{**dict.fromkeys(BASE), **description, "component": component})
    assert assembly.errors == []
    return assembly


@given(descriptions)
def test_nothing_that_is_secret_is_plain_and_what_is_shared_is_the_same(description: dict[str, Any]) -> None:
    catalogue = variables(int(description["langfuse_version"][0]))
    web, worker = accepted_as(description, "web"), accepted_as(description, "worker")
    for assembly in (web, worker, accepted_as(description, "migration")):
        assert not [name for name in assembly.environment if name in catalogue and catalogue[name].secret]
        assert all(value.startswith(f"{ARN}:") for value in assembly.secrets.values())
        assert not set(assembly.environment) & set(assembly.secrets)
        container = "worker" if assembly is worker else "web"
        assert all(catalogue[name].read_by(container) for name in (*assembly.environment, *assembly.secrets))
    for name in set(web.environment) & set(worker.environment):
        assert web.environment[name] == worker.environment[name]
    for name, variable in catalogue.items():
        if variable.container == "both":
            assert (name in web.environment) == (name in worker.environment), name
            assert web.secrets.get(name) == worker.secrets.get(name), name


# Any settings come out as they went in.

alone = sorted(
    name
    for name, variable in variables(3).items()
    if not variable.secret
    and variable.read_by("web")
    and not company(name)
    and name not in accepted().environment
    and not name.startswith(("LANGFUSE_USE_", "REDIS_TLS_", "LANGFUSE_S3_BATCH_EXPORT_ENABLED"))
)


@given(st.sets(st.sampled_from(alone), max_size=20))
def test_accepted_settings_come_out_as_they_went_in(names: set[str]) -> None:
    given_settings = {name: example(name, 3) for name in names}
    assembly = accepted(settings=given_settings)
    assert {name: assembly.environment[name] for name in names} == given_settings
    back = accepted(settings={name: value for name, value in assembly.environment.items() if name in names})
    assert back.digest() == assembly.digest()


@given(
    st.dictionaries(
        st.sampled_from(sorted(name for name, variable in variables(3).items() if variable.secret)),
        # Nothing else begins like this, so a value that is found is one that was shown.
        st.text(min_size=3).map("hushed-{}".format),
        min_size=1,
    )
)
def test_no_secret_value_reaches_the_plain_part_or_a_message(values: dict[str, str]) -> None:
    found = described(settings=values)
    assert {finding.option for finding in found.errors} >= {f"settings.{name}" for name in values}
    assert set(values.values()) <= found.leaked
    assert not set(values) & set(found.environment)
    assert not [finding for finding in found.errors if "hushed-" in str(finding)]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@given(st.dictionaries(st.from_regex(r"\ASOME_[A-Z]{1,9}\Z"), texts, max_size=5))
def test_any_text_survives_in_a_variable_of_ones_own(own: dict[str, str]) -> None:
    environment = accepted(settings=own).environment
    assert {name: environment[name] for name in own} == own


# A shell drops NUL, and takes nothing but UTF-8.
@settings(max_examples=15)
@given(st.dictionaries(st.from_regex(r"\ASOME_[A-Z]{1,9}\Z"), texts, min_size=1, max_size=5))
def test_a_shell_reads_any_dotenv_as_it_was_meant(own: dict[str, str]) -> None:
    assembly = accepted(settings=own)
    script = f"set -a\n{assembly.dotenv()}\nenv -0"
    output = subprocess.run(["sh", "-c", script], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
    read = dict(entry.split("=", 1) for entry in output.stdout.decode().split("\0") if entry)
    assert {name: read[name] for name in assembly.environment} == assembly.environment


@given(st.permutations(sorted(BASE["storage"].items())), st.permutations([("A", "1"), ("B", "2"), ("C", "3")]))
def test_the_digest_does_not_depend_on_the_order(storage: list[tuple[str, str]], own: list[tuple[str, str]]) -> None:
    assert (
        described(storage=dict(storage), settings=dict(own)).digest()
        == described(settings={"A": "1", "B": "2", "C": "3"}).digest()
    )


@given(
    st.recursive(
        st.one_of(st.none(), flags, st.integers(), st.floats(), st.text()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
        max_leaves=6,
    ),
    st.text(),
)
def test_no_setting_makes_it_fail(value: object, name: str) -> None:
    described(settings={name: value, "LANGFUSE_LOG_LEVEL": value}, secret_settings={name: value})
