"""Makes certificates for tests: authorities, servers, clients, and those that must be refused."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, in PEM files; the key's has mode 0600, as PostgreSQL wants."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority; `cert` is its own certificate, for whoever is to trust it."""

    cert: Path
    name: x509.Name
    key: Key
    folder: Path

    @classmethod
    def create(cls, name: str, folder: Path) -> Self:
        """Make an authority that signs itself; its files, and what it issues, go to `folder`."""
        authority = cls(folder / f"{name}-ca.pem", _name(name), _new_key(), folder)
        certificate = authority._certify(name, authority.key, timedelta(days=30), ca=True)
        authority.cert.write_bytes(certificate)
        return authority

    def delegate(self, name: str) -> "Authority":
        """Make an authority that this one signs; its `cert` alone is no root."""
        delegate = Authority(self.folder / f"{name}-ca.pem", _name(name), _new_key(), self.folder)
        delegate.cert.write_bytes(self._certify(name, delegate.key, timedelta(days=30), ca=True))
        return delegate

    def issue(
        self,
        hosts: Sequence[str] = LOCAL,
        *,
        expired: bool = False,
        client: bool = False,
        name: str = "",
        with_rsa: bool = False,
    ) -> Issued:
        """Make a certificate for a server, or a client, that is known by `hosts`.

        A host is a DNS name, an address, a URI or an email address. `name` is the common name,
        and that of the files: one of the same name is overwritten.
        """
        name = name or ("client" if client else "server") + ("-expired" if expired else "")
        key = _new_key(with_rsa)
        lifetime = timedelta(days=-1 if expired else 30)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage([usage])]
        if hosts:
            extensions.append(x509.SubjectAlternativeName([_alternative(host) for host in hosts]))
        issued = Issued(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        issued.cert.write_bytes(self._certify(name, key, lifetime, extensions))
        issued.key.touch(mode=0o600)
        issued.key.write_bytes(_pem(key))
        return issued

    def _certify(
        self,
        name: str,
        key: Key,
        lifetime: timedelta,
        extensions: Sequence[x509.ExtensionType] = (),
        *,
        ca: bool = False,
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + lifetime)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_usage(ca), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


def _new_key(with_rsa: bool = False) -> Key:
    if with_rsa:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if "://" in host:
        return x509.UniformResourceIdentifier(host)
    return x509.RFC822Name(host) if "@" in host else x509.DNSName(host)
