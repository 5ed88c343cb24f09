# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority of this local AWS, and server certificates signed by it."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ALWAYS = ("localhost", "127.0.0.1")
LIFETIME = datetime.timedelta(days=825)
_lock = threading.Lock()


class Certificate(NamedTuple):
    """Where a certificate and its key lie."""

    certificate: Path
    key: Path


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
        handle.write(content)
    temporary.rename(path)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _folder(state_dir: Path | str) -> Path:
    folder = Path(state_dir) / "certificates"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def authority(state_dir: Path | str) -> Certificate:
    """The authority of this state directory; made at the first call."""
    folder = _folder(state_dir)
    pair = Certificate(folder / "ca.pem", folder / "ca.key")
    with _lock:
        if pair.certificate.exists() and pair.key.exists():
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("llmops.langfuse local AWS")
        certificate = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=True,
                    crl_sign=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(key, hashes.SHA256())
        )
        _write(pair.key, _key_bytes(key), 0o600)
        _write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return pair


def ca_file(state_dir: Path | str) -> Path:
    """The authority's certificate, for clients."""
    return authority(state_dir).certificate


def _alternative_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def server_certificate(state_dir: Path | str, names: Iterable[str] = ()) -> Certificate:
    """A server certificate for 127.0.0.1, localhost and the names given; the same names give the same certificate."""
    every = [*ALWAYS, *sorted(set(names) - set(ALWAYS))]
    issuer = authority(state_dir)
    digest = hashlib.sha256("\n".join(every).encode()).hexdigest()[:16]
    folder = _folder(state_dir)
    pair = Certificate(folder / f"server-{digest}.pem", folder / f"server-{digest}.key")
    with _lock:
        if pair.certificate.exists() and pair.key.exists():
            return pair
        issuer_key = serialization.load_pem_private_key(issuer.key.read_bytes(), None)
        assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
        issuer_certificate = x509.load_pem_x509_certificate(issuer.certificate.read_bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(every[-1]), issuer_certificate.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_alternative_name(name) for name in every]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        _write(pair.key, _key_bytes(key), 0o600)
        _write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return pair
