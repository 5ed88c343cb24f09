# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between HTTP and botocore's shapes: what a request asks for, and answers in the protocol it came in.

Everything is decoded and encoded with moto's parsers, routers and serializers, so that a rule or an addition only
ever sees what boto3 sees.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.awsrequest import HeadersDict
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.exceptions import ServiceException
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import NotFound, get_service_router
from moto.core.serialize import AttributePicker, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers

from .rules import Call, Refusal

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
# Names in signatures that are not botocore's names of the service.
SIGNED_AS = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}
SIGNS_AS = {name: signed for signed, name in SIGNED_AS.items()}
CLASSIC_LOAD_BALANCING = b"Version=2012-06-01"
GLOBAL_SERVICES = ("iam", "route53", "cloudfront")


@dataclass
class Reply:
    """An HTTP answer, whole."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        length = str(len(self.body))
        if environ["REQUEST_METHOD"] == "HEAD":
            # There the length is that of what a GET would bring, and nothing follows.
            length = next((value for name, value in self.headers if name.lower() == "content-length"), length)
        start_response(f"{self.status} -", [*headers, ("Content-Length", length)])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


@dataclass
class Decoded:
    """A request, with the model of its operation."""

    call: Call
    operation_model: Any
    protocol: str
    access_key: str


def signature(request: Request) -> tuple[str, str, str] | None:
    """Access key, region and service of a signed request, from its header or its query string."""
    found = _SCOPE.search(request.headers.get("Authorization", ""))
    if found:
        return found["key"], found["region"], found["service"].lower()
    parts = request.args.get("X-Amz-Credential", "").split("/")
    return (parts[0], parts[2], parts[3].lower()) if len(parts) >= 5 else None


def buffer(environ: dict[str, Any]) -> Request:
    """The request with its body in memory, so that it can be read here and again by moto."""
    request = Request(environ)
    body = request.get_data(cache=True, parse_form_data=False)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return request


def rewind(environ: dict[str, Any]) -> None:
    """Let the next reader begin at the body's start."""
    environ["wsgi.input"].seek(0)
    environ.pop("werkzeug.request", None)


def decode(request: Request) -> Decoded | None:
    """What a request asks for; None when botocore knows no such service or operation."""
    signed = signature(request)
    if signed is None:
        return None
    key, region, service = signed
    service = SIGNED_AS.get(service, service)
    body = request.get_data()
    if service == "elbv2" and CLASSIC_LOAD_BALANCING in body:
        service = "elb"
    try:
        model = get_service_model(service)
        protocol = determine_request_protocol(model, request.content_type)
        operation, uri_params = get_service_router(service).match(_copy(request, body))
        fresh = _copy(request, body)
        parsed = PROTOCOL_PARSERS[protocol](operation).parse(
            {
                "method": fresh.method,
                "values": fresh.values,
                "headers": fresh.headers,
                "body": body,
                "url_path": fresh.path,
                "url_params": uri_params,
            }
        )
    except (UnknownServiceError, OperationNotFoundError, NotFound, NotImplementedError, KeyError):
        return None
    params = {name: value for name, value in (parsed or {}).items() if value is not None}
    return Decoded(Call(service, str(operation.name), params, region), operation, protocol, key)


def _copy(request: Request, body: bytes) -> Request:
    return Request({**request.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})


def _serializer(operation: Any, protocol: str) -> Any:
    serializer = get_serializer_class(operation.service_model.service_name, protocol)
    return serializer(operation_model=operation, value_picker=AttributePicker())


def _reply(serialized: dict[str, Any]) -> Reply:
    body = serialized["body"]
    headers = [(name, str(value)) for name, value in serialized["headers"].items()]
    return Reply(int(serialized["status_code"]), headers, body.encode() if isinstance(body, str) else body)


def encode(decoded: Decoded, result: dict[str, Any]) -> Reply:
    """A result in the request's protocol."""
    return _reply(_serializer(decoded.operation_model, decoded.protocol).serialize(result))


class _Error(ServiceException):
    """An error as moto's serializers want it."""


def encode_error(decoded: Decoded, error: Refusal) -> Reply:
    """An error in the request's protocol."""
    reply = _reply(_serializer(decoded.operation_model, decoded.protocol).serialize(_Error(error.code, error.message)))
    if error.status != 400:
        reply.status = error.status
    return reply


def environ_for(call: Call, endpoint: str, access_key: str) -> dict[str, Any]:
    """A request that the server makes to moto itself."""
    model = get_service_model(call.service)
    operation = model.operation_model(call.operation)
    protocol = model.resolved_protocol if hasattr(model, "resolved_protocol") else model.protocol
    if protocol == "smithy-rpc-v2-cbor":
        protocol = "json"
    serialized: Any = create_serializer(protocol).serialize_to_request(call.params, operation)
    body = serialized["body"]
    headers = Headers(list(serialized["headers"].items()))
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    signed = SIGNS_AS.get(call.service, call.service)
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{call.region}/{signed}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    query = serialized["query_string"]
    path = serialized["url_path"]
    request = Request.from_values(
        method=serialized["method"],
        base_url=endpoint,
        path=path.partition("?")[0],
        query_string=query if isinstance(query, str) else urlencode(query, doseq=True),
        data=body.encode() if isinstance(body, str) else body,
        headers=headers,
    )
    request.environ["RAW_URI"] = path + (f"?{request.query_string.decode()}" if request.query_string else "")
    return request.environ


def send(application: Wsgi, environ: dict[str, Any]) -> Reply:
    """Call a WSGI application and take its answer whole."""
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Callable[[bytes], object]:
        started.update(status=int(status.split(maxsplit=1)[0]), headers=headers)
        return lambda _data: None

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    return Reply(started["status"], started["headers"], body)


def read(decoded: Decoded, reply: Reply) -> dict[str, Any]:
    """A reply as boto3 would return it; AWS's errors are raised."""
    answer = create_parser(decoded.protocol).parse(
        {"body": reply.body, "headers": HeadersDict(dict(reply.headers)), "status_code": reply.status},
        decoded.operation_model.output_shape,
    )
    if reply.status >= 300:
        error = answer.get("Error", {})
        code = str(error.get("Code") or reply.status)
        raise Refusal(code, str(error.get("Message", "")), reply.status)
    answer.pop("ResponseMetadata", None)
    return dict(answer)
