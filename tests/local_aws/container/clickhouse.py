# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of the image clickhouse/clickhouse-server: its entry point.

    python clickhouse.py TAG [-- --http_port=8123 ...]
    python clickhouse.py TAG clickhouse-client ...

The engine behind it is the real one (see engines/clickhouse_front.py, with its limits); its version is that of the
package, whatever the image's tag is. Disks on S3, BACKUP and RESTORE are the engine's own too, at this AWS's endpoint and with
the keys of the task's role. Users and configuration come from where the image takes them: CLICKHOUSE_* and
$LOCAL_AWS_ROOT/etc/clickhouse-server/config.d/*.xml; data are below $LOCAL_AWS_ROOT/var/lib/clickhouse.
Scripts in /docker-entrypoint-initdb.d are not run.
"""

from __future__ import annotations

import os
import re
import sys
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_aws.container import network

SOFTWARE_ERROR = 70
ROOTS = ("clickhouse", "yandex")
DEFAULT_PORTS = {"http_port": 8123, "tcp_port": 9000, "https_port": 0, "tcp_port_secure": 0}
# The server's own config.xml names these.
SYSTEM_LOGS = (
    *("asynchronous_insert_log", "asynchronous_metric_log", "backup_log", "blob_storage_log", "crash_log"),
    *("error_log", "latency_log", "metric_log", "opentelemetry_span_log", "part_log", "processors_profile_log"),
    *("query_log", "query_metric_log", "query_thread_log", "query_views_log", "s3queue_log", "text_log", "trace_log"),
)
# Numbers that the engine takes as they are.
ENGINE_OPTIONS: dict[str, Callable[[str], Any]] = {
    "max_server_memory_usage_to_ram_ratio": float,
    "max_server_memory_usage": int,
    "mark_cache_size": int,
    "uncompressed_cache_size": int,
    "max_concurrent_queries": int,
}
# Parts of the configuration that the engine takes whole.
ENGINE_SECTIONS = ("storage_configuration", "backups")
# A bucket at S3's own endpoint, by its virtual host.
BUCKET = re.compile(r"https?://([a-z0-9.-]+)\.s3\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")


class ConfigurationError(Exception):
    """The server would not start."""


def _text(element: ElementTree.Element) -> str:
    if "from_env" in element.attrib:
        name = element.attrib["from_env"]
        if name not in os.environ:
            raise ConfigurationError(f"Env variable is not set: {name}")
        return os.environ[name]
    return (element.text or "").strip()


def clusters_of(etc: Path) -> dict[str, tuple[str, ...]]:
    """The hosts of each cluster in `remote_servers`; names that stand there several times are lost where the files are merged."""
    found: dict[str, tuple[str, ...]] = {}
    for _path, root in _files(etc / "config.d"):
        for servers in root.findall("remote_servers"):
            found |= {item.tag: tuple(_text(host) for host in item.findall("shard/replica/host")) for item in servers}
    return found


def _merge(target: dict[str, Any], element: ElementTree.Element) -> None:
    """ClickHouse's merging of configuration files: elements add up, unless they say remove or replace."""
    for child in element:
        if "remove" in child.attrib:
            target.pop(child.tag, None)
        elif len(child):
            branch = target.get(child.tag)
            if not isinstance(branch, dict) or "replace" in child.attrib:
                branch = {}
            target[child.tag] = branch
            _merge(branch, child)
        else:
            target[child.tag] = _text(child)


def _files(folder: Path) -> Iterator[tuple[Path, ElementTree.Element]]:
    for path in sorted(folder.glob("*.xml")):
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            raise ConfigurationError(f"Poco::Exception. Code: 1000, SAXParseException: {path}: {error}") from error
        if root.tag not in ROOTS:
            raise ConfigurationError(
                f"Poco::Exception. Code: 1000, {path}: Root element doesn't have the corresponding root element as the "
                "config file. It must be <clickhouse>"
            )
        yield path, root


def configuration(etc: Path, arguments: list[str]) -> dict[str, Any]:
    """The server's configuration: its defaults, config.d, and options of the command line."""
    merged: dict[str, Any] = {name: str(port) for name, port in DEFAULT_PORTS.items() if port}
    merged |= {name: {} for name in SYSTEM_LOGS}
    for _path, root in _files(etc / "config.d"):
        _merge(merged, root)
    for argument in arguments:
        if argument == "--":
            continue
        name, equals, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not equals:
            raise ConfigurationError(f"Unexpected argument: {argument}")
        merged[name.replace("-", "_")] = value
    return merged


def _number(name: str, value: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise ConfigurationError(
            f"Poco::Exception. Code: 1000, Syntax error: Not a valid number: {value} ({name})"
        ) from None


def _timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(f"Poco::Exception. Code: 1000, Cannot load time zone {name}") from None
    return name


def access(environment: Mapping[str, str]) -> tuple[str, str, str]:
    """User, password, and to whom `default` is open: manage_clickhouse_user of the image's entry point."""
    user = environment.get("CLICKHOUSE_USER") or "default"
    password = environment.get("CLICKHOUSE_PASSWORD", "")
    if environment.get("CLICKHOUSE_PASSWORD_FILE"):
        password = Path(environment["CLICKHOUSE_PASSWORD_FILE"]).read_text(encoding="utf-8").rstrip("\n")
    if environment.get("CLICKHOUSE_SKIP_USER_SETUP") == "1":
        print("/entrypoint.sh: explicitly skip changing user 'default'", flush=True)
        return "", "", "everybody"
    if user != "default" or password or environment.get("CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT", "0") != "0":
        print(f"/entrypoint.sh: create new user '{user}' instead 'default'", flush=True)
        return user, password, "nobody"
    print(
        "/entrypoint.sh: neither CLICKHOUSE_USER nor CLICKHOUSE_PASSWORD is set, disabling network access for user "
        "'default'",
        flush=True,
    )
    return "", "", "localhost"


def other_users(etc: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """The users of users.d besides that of the environment: password, and the settings of their profile."""
    merged: dict[str, Any] = {}
    for _path, root in _files(etc / "users.d"):
        _merge(merged, root)
    profiles, found = merged.get("profiles", {}), {}
    for name, user in merged.get("users", {}).items():
        profile = user.get("profile", "default")
        if profile != "default" and profile not in profiles:
            raise ConfigurationError(
                f"Code: 180. DB::Exception: There is no profile '{profile}' in configuration file."
            )
        found[name] = (user.get("password", ""), {key: str(value) for key, value in profiles.get(profile, {}).items()})
    return found


def _port(configured: Mapping[str, Any], name: str) -> tuple[str, int]:
    wanted = _number(name, configured[name], int) if name in configured else 0
    return network.listening_address(wanted) if wanted else ("", 0)


def _certificate(configured: Mapping[str, Any], root: Path) -> tuple[str, str]:
    server = configured.get("openSSL", {}).get("server", {})
    files = [server.get(name, "") for name in ("certificateFile", "privateKeyFile")]
    found = [name if not name or Path(name).exists() else str(root / name.lstrip("/")) for name in files]
    for name in found:
        if name and not Path(name).exists():
            raise ConfigurationError(f"Poco::Exception. Code: 1000, SSL context exception: {name}: no such file")
    return found[0], found[1]


def _elements(parent: ElementTree.Element, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        element = ElementTree.SubElement(parent, name)
        if isinstance(value, dict):
            _elements(element, value)
        elif name == "endpoint" and os.environ.get("AWS_ENDPOINT_URL"):
            # The names of S3's virtual hosts lead to this AWS, as private names do.
            element.text = BUCKET.sub(rf"{os.environ['AWS_ENDPOINT_URL'].rstrip('/')}/\1/", value)
        else:
            element.text = value


def engine_file(configured: Mapping[str, Any], root: Path) -> dict[str, str]:
    """The engine's option for a configuration file with the sections that it takes whole; {} where there are none."""
    sections = {name: configured[name] for name in ENGINE_SECTIONS if name in configured}
    if not sections:
        return {}
    document = ElementTree.Element("clickhouse")
    _elements(document, sections)
    path = root / "engine.xml"
    ElementTree.ElementTree(document).write(path, encoding="utf-8")
    return {"config-file": str(path)}


def server(arguments: list[str]) -> int:
    """Become the server."""
    from local_aws.engines import clickhouse_front

    root = Path(os.environ.get("LOCAL_AWS_ROOT", "/"))
    configured = configuration(root / "etc/clickhouse-server", arguments)
    # The folder of the file system itself: the engine remembers absolute paths, and each task has a root of its own.
    data = (root / "var/lib/clickhouse").resolve()
    user, password, default = access(os.environ)
    ports = {name: _port(configured, name) for name in DEFAULT_PORTS}
    certificate, key = _certificate(configured, root)
    if (ports["https_port"][1] or ports["tcp_port_secure"][1]) and not certificate:
        raise ConfigurationError("https_port and tcp_port_secure need openSSL/server/certificateFile")
    skip = configured.get("skip_check_for_incorrect_settings") in ("1", "true")
    options = clickhouse_front.Options(
        data_dir=data,
        access=clickhouse_front.Access(user, password, default, other_users(root / "etc/clickhouse-server")),
        bind=next((address for address, port in ports.values() if port), "127.0.0.1"),
        http_port=ports["http_port"][1],
        native_port=ports["tcp_port"][1],
        https_port=ports["https_port"][1],
        native_tls_port=ports["tcp_port_secure"][1],
        certificate=certificate,
        key=key,
        timezone=_timezone(configured.get("timezone") or os.environ.get("TZ") or "UTC"),
        # Only a server without data makes it.
        database=os.environ.get("CLICKHOUSE_DB", "") if not (data / "data").is_dir() else "",
        log_tables={
            name: configured[name].get("ttl", "") if isinstance(configured[name], dict) else ""
            for name in SYSTEM_LOGS
            if name in configured
        },
        engine_options={
            name: str(_number(name, configured[name], kind))
            for name, kind in ENGINE_OPTIONS.items()
            if name in configured
        }
        | engine_file(configured, root),
        top_level=() if skip else tuple(sorted(configured)),
        clusters=clusters_of(root / "etc/clickhouse-server"),
    )
    return clickhouse_front.serve(options)


def main(arguments: list[str]) -> int:
    """The image's entry point."""
    network.install()
    tag, *command = arguments
    if command[:2] == ["clickhouse", "client"]:
        command = ["clickhouse-client", *command[2:]]
    if command and Path(command[0]).name == "clickhouse-client":
        from local_aws.container import clickhouse_client

        return clickhouse_client.main(command[1:])
    if command and not command[0].startswith("--"):
        os.execvp(command[0], command)
    print(f"llmops.langfuse local AWS: test double of clickhouse-server:{tag}", flush=True)
    try:
        return server(command)
    except ConfigurationError as error:
        print(f"Application: {error}", file=sys.stderr)
        return SOFTWARE_ERROR


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
