"""The certificate that signs content credentials: the user's own, or one made once per installation."""

import os
import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from swapper.provenance.settings import MarkSettings

OWN_NAME = "Swapper, a local installation"
YEARS = 10
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Credential:
    """What signs.

    Attributes:
        chain: certificates in PEM, the signer's own first, its root last.
        key: private key in PEM.
        algorithm: C2PA's name of the signature algorithm.
    """

    chain: str
    key: str
    algorithm: str


def signing_credential(settings: MarkSettings) -> Credential:
    """The user's certificate and key, or the installation's own, made on first use.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the key is no unencrypted private key in PEM, or of a kind C2PA does not know.
    """
    if settings.certificate is not None and settings.key is not None:
        return _read(settings.certificate, settings.key)
    certificate, key = settings.folder / "certificate.pem", settings.folder / "key.pem"
    if not certificate.is_file():
        _make(settings.folder)
    return _read(certificate, key)


def known_roots(settings: MarkSettings) -> str:
    """Certificates whose signatures are this machine's own, in PEM; empty before anything was signed."""
    paths = [settings.folder / "certificate.pem", settings.certificate]
    chains = [x509.load_pem_x509_certificates(path.read_bytes()) for path in paths if path and path.is_file()]
    return "".join(_pem(chain[-1]) for chain in chains)


def _read(certificate: Path, key: Path) -> Credential:
    secret = key.read_bytes()
    try:
        private = load_pem_private_key(secret, None)
    except TypeError as error:
        raise ValueError("the key is protected by a password") from error
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        algorithm = _CURVES[private.curve.name]
    elif isinstance(private, rsa.RSAPrivateKey):
        algorithm = "ps256"
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        algorithm = "ed25519"
    else:
        raise ValueError("the key is of a kind that cannot sign content credentials")
    return Credential(certificate.read_text(), secret.decode(), algorithm)


def _make(folder: Path) -> None:
    """Write a new certificate and its key; whoever writes first wins."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{uuid.uuid4().hex}")
    fresh.mkdir(mode=0o700)
    try:
        chain, key = _new_credential()
        (fresh / "certificate.pem").write_text(chain)
        with os.fdopen(os.open(fresh / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(key)
        fresh.rename(folder)
    except OSError:
        if not (folder / "certificate.pem").is_file():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _new_credential() -> tuple[str, str]:
    """A certificate with its root, and its key; nobody keeps the root's key, so the root signs nothing else.

    C2PA wants a root and a certificate of its own for signing: certificates that sign themselves are refused.

    Source: C2PA 2.2, section 14.5 (certificate profile).
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(f"{OWN_NAME} (root)")
    root = (
        _certificate(root_name, root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    own = (
        _certificate(_name(OWN_NAME), root_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return _pem(own) + _pem(root), secret


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(days=1)  # clocks differ
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, OWN_NAME), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _usage(digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
