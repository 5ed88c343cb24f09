# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of the image grafana/grafana: its entry point.

    python grafana.py TAG

It reads its settings from GF_* and its provisioning from $LOCAL_AWS_ROOT/etc/grafana/provisioning, with variables of the environment in
it as Grafana has them, and asks every ClickHouse that it is given, as the user it is given. Unlike Grafana it does not start where one
does not answer, where a data source's plugin is not preinstalled, or where a dashboard names a data source that there is not.
It answers the health check and lists data sources and dashboards to the admin; it draws nothing.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_aws.container import network
from local_aws.signals import wait_for, when_told_to_end

PLUGIN = "grafana-clickhouse-datasource"
SAYS = "local AWS double, not Grafana"
# Grafana, "Provision Grafana": $NAME and ${NAME}; $$ is a $.
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


class StartError(Exception):
    """The server does not start."""


def interpolated(value: Any, environment: Mapping[str, str]) -> Any:
    """The values of provisioned data sources with the environment's variables."""
    if isinstance(value, dict):
        return {key: interpolated(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner, environment) for inner in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: found[1] or environment.get(found[2] or found[3], ""), value)
    return value


def documents(folder: Path) -> list[dict[str, Any]]:
    """The files of a provisioning folder."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("apiVersion") != 1:
            raise StartError(f"{path.name}: apiVersion is not 1")
        found.append(document)
    return found


def data_sources(root: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The provisioned data sources."""
    plugins = {item.partition("@")[0] for item in environment.get("GF_PLUGINS_PREINSTALL_SYNC", "").split(",")}
    found = []
    for document in documents(root / "etc/grafana/provisioning/datasources"):
        for source in document.get("datasources") or []:
            if source["type"] not in plugins:
                raise StartError(f"data source {source['name']}: plugin {source['type']} is not installed")
            found.append(interpolated(source, environment))
    return found


def ask(source: Mapping[str, Any], query: str) -> str:
    """One statement, as the plugin asks it over HTTP.

    :raises StartError: where ClickHouse refuses it or does not answer.
    """
    given = source["jsonData"]
    options = {"database": given["defaultDatabase"], "default_format": "TabSeparated", "max_execution_time": "30"}
    headers = {"X-ClickHouse-User": given["username"], "X-ClickHouse-Key": source["secureJsonData"]["password"]}
    address = (given["host"], int(given["port"]))
    connection = (
        http.client.HTTPSConnection(*address, timeout=30, context=network.tls_context())
        if given.get("secure")
        else http.client.HTTPConnection(*address, timeout=30)
    )
    try:
        connection.request("POST", f"/?{urlencode(options)}", query.encode(), headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise StartError(f"data source {source['name']}: {given['host']}:{given['port']}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise StartError(f"data source {source['name']}: {text}")
    return text


def dashboards(root: Path, sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The provisioned dashboards; their panels' data sources exist."""
    uids, found = {source["uid"] for source in sources}, []
    for document in documents(root / "etc/grafana/provisioning/dashboards"):
        for provider in document.get("providers") or []:
            folder = root / provider["options"]["path"].lstrip("/")
            for path in sorted(folder.glob("*.json")):
                dashboard = json.loads(path.read_text(encoding="utf-8"))
                for panel in dashboard["panels"]:
                    if panel["datasource"]["uid"] not in uids:
                        raise StartError(f"dashboard {path.name}: data source {panel['datasource']['uid']} not found")
                found.append(dashboard)
    return found


class Server(ThreadingHTTPServer):
    """Grafana's port."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], base: str, tag: str, password: str, listed: dict[str, Any]) -> None:
        self.base, self.tag, self.password, self.listed = base, tag, password, listed
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged."""

    def do_GET(self) -> None:
        """Below the address that Grafana serves from; elsewhere it leads there."""
        path = urlsplit(self.path).path
        if not path.startswith(f"{self.server.base}/"):
            self._send(302, {}, {"Location": f"{self.server.base}/"})
            return
        path = path.removeprefix(self.server.base)
        if path == "/api/health":
            self._send(200, {"database": "ok", "version": self.server.tag})
        elif path in self.server.listed:
            granted = base64.b64encode(f"admin:{self.server.password}".encode()).decode()
            allowed = self.headers.get("Authorization") == f"Basic {granted}"
            self._send(*((200, self.server.listed[path]) if allowed else (401, {"message": "Unauthorized"})))
        else:
            self._send(404, {"message": "Not found"})

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "x-grafana-double": SAYS, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def serve(tag: str, environment: Mapping[str, str]) -> int:
    """Serve until told to end; returns the exit code."""
    root = Path(environment.get("LOCAL_AWS_ROOT", "/"))
    sources = data_sources(root, environment)
    for source in sources:
        ask(source, "SELECT 1")
    boards = dashboards(root, sources)
    below = environment.get("GF_SERVER_SERVE_FROM_SUB_PATH") == "true"
    base = urlsplit(environment.get("GF_SERVER_ROOT_URL", "")).path.rstrip("/") if below else ""
    listed = {
        "/api/datasources": [
            {"uid": item["uid"], "type": item["type"], "jsonData": item["jsonData"]} for item in sources
        ],
        "/api/search": [{"uid": item["uid"], "title": item["title"]} for item in boards],
        **{f"/api/dashboards/uid/{item['uid']}": {"dashboard": item} for item in boards},
    }
    password = environment.get("GF_SECURITY_ADMIN_PASSWORD", "admin")
    address = network.listening_address(int(environment.get("GF_SERVER_HTTP_PORT", "3000")))
    server = Server(address, base, tag, password, listed)
    ended = threading.Event()
    when_told_to_end(ended.set)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    print(f"HTTP Server Listen: {len(sources)} data source(s), {len(boards)} dashboard(s)", flush=True)
    wait_for(ended)
    return 0


def main(arguments: list[str]) -> int:
    """The image's entry point."""
    network.install()
    print(f"llmops.langfuse local AWS: test double of grafana:{arguments[0]}", flush=True)
    try:
        return serve(arguments[0], os.environ)
    except StartError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
