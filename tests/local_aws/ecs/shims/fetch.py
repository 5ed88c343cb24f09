# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wget and curl of an image, as health checks use them: one request, an exit code.

Container ports are mapped to other ports on the loopback interface (LOCAL_AWS_PORT_<port>); a URL that names
localhost and a container port reaches the right one, as it would inside the container.
"""

from __future__ import annotations

import http.client
import os
import sys
from urllib.parse import urljoin, urlsplit

WGET_FAILED, WGET_NETWORK, WGET_SERVER = 1, 4, 8
CURL_CONNECT, CURL_STATUS, CURL_TIMEOUT = 7, 22, 28
WITH_VALUE = {
    "wget": {"-O", "-T", "-t", "--timeout", "--tries", "--header", "--output-document", "-U", "--user-agent"},
    "curl": {
        "-o",
        "-m",
        "--max-time",
        "--connect-timeout",
        "-H",
        "--header",
        "-X",
        "--request",
        "-A",
        "--retry",
        "--output",
        "-w",
        "--write-out",
        "-u",
        "--user",
        "-d",
        "--data",
    },
}


class Options:
    def __init__(self, tool: str, arguments: list[str]) -> None:
        self.tool = tool
        self.flags: set[str] = set()
        self.values: dict[str, str] = {}
        self.headers: dict[str, str] = {"User-Agent": tool}
        self.urls: list[str] = []
        words = list(arguments)
        while words:
            self._word(words.pop(0), words)

    def _word(self, word: str, rest: list[str]) -> None:
        takes = WITH_VALUE[self.tool]
        name, separator, value = word.partition("=")
        if word.startswith("--") and separator and name in takes:
            self._value(name, value)
        elif word in takes and rest:
            self._value(word, rest.pop(0))
        elif word.startswith("--"):
            self.flags.add(word)
        elif word.startswith("-") and len(word) > 1:
            self._short(word, rest)
        else:
            self.urls.append(word if "://" in word else f"http://{word}")

    def _short(self, word: str, rest: list[str]) -> None:
        """Short options may be glued together, the last of them may have its value glued on: -qO-, -fsS, -nv."""
        for position, letter in enumerate(word[1:], start=1):
            option = f"-{letter}"
            if option in WITH_VALUE[self.tool]:
                value = word[position + 1 :]
                self._value(option, value or (rest.pop(0) if rest else ""))
                return
            self.flags.add(option)

    def _value(self, name: str, value: str) -> None:
        if name in ("-H", "--header"):
            header, _, content = value.partition(":")
            self.headers[header.strip()] = content.strip()
        self.values[name] = value

    def timeout(self) -> float:
        for name in ("-T", "--timeout", "-m", "--max-time", "--connect-timeout"):
            if name in self.values:
                return float(self.values[name])
        return 30.0

    def method(self) -> str:
        if self.tool == "wget":
            return "HEAD" if "--spider" in self.flags else "GET"
        if "-I" in self.flags or "--head" in self.flags:
            return "HEAD"
        posted = "-d" in self.values or "--data" in self.values
        return self.values.get("-X", self.values.get("--request", "POST" if posted else "GET"))

    def output(self) -> str:
        if self.tool == "wget":
            default = os.devnull if "--spider" in self.flags else "index.html"
            return self.values.get("-O", self.values.get("--output-document", default))
        return self.values.get("-o", self.values.get("--output", "-"))


def request(options: Options, url: str, redirects: int = 10) -> tuple[int, bytes]:
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else 80)
    if host in ("localhost", "127.0.0.1", "0.0.0.0", "::1", os.environ.get("HOSTNAME", "")):
        host, port = "127.0.0.1", int(os.environ.get(f"LOCAL_AWS_PORT_{port}", port))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=options.timeout())
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body = options.values.get("-d", options.values.get("--data"))
    connection.request(options.method(), path, body=body, headers=options.headers)
    answer = connection.getresponse()
    content = answer.read()
    follows = options.tool == "wget" or "-L" in options.flags or "--location" in options.flags
    target = answer.getheader("Location")
    if answer.status in (301, 302, 303, 307, 308) and target and follows and redirects:
        return request(options, urljoin(url, target), redirects - 1)
    return answer.status, content


def main(arguments: list[str]) -> int:
    options = Options(arguments[0], arguments[1:])
    quiet = bool({"-q", "-s", "--quiet", "--silent", "-nv"} & options.flags)
    failed_on_status = options.tool == "wget" or bool({"-f", "--fail"} & options.flags)
    for url in options.urls:
        try:
            status, content = request(options, url)
        except TimeoutError as error:
            print(f"{options.tool}: {url}: {error}", file=sys.stderr)
            return WGET_NETWORK if options.tool == "wget" else CURL_TIMEOUT
        except (OSError, http.client.HTTPException) as error:
            if not quiet:
                print(f"{options.tool}: cannot connect to {url}: {error}", file=sys.stderr)
            return WGET_NETWORK if options.tool == "wget" else CURL_CONNECT
        if status >= 400 and failed_on_status:
            print(f"{options.tool}: server returned error: HTTP {status}", file=sys.stderr)
            return WGET_SERVER if options.tool == "wget" else CURL_STATUS
        target = options.output()
        if target == "-":
            sys.stdout.buffer.write(content)
        elif target != os.devnull:
            with open(target, "wb") as stream:
                stream.write(content)
        if options.tool == "curl" and "-w" in options.values:
            sys.stdout.write(options.values["-w"].replace("%{http_code}", str(status)).replace("\\n", "\n"))
    return 0 if options.urls else WGET_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
