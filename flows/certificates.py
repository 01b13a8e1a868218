"""`python -m flows.certificates FOLDER`: a certificate authority of the team's own, and what its scheduler, workers and clients show.

Made in FOLDER: ca.key, which signs the others and stays with whoever manages the team; ca.pem, by which all know each other; and for each
of scheduler, worker and client ROLE.pem and ROLE.key. Keys are readable for their owner alone. What is there stays; `--renew` makes the
certificates of the roles anew, with the same authority. A client's certificate cannot be used to listen as scheduler or worker.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from tasks.runtime import output
from tasks.runtime.files import write_private, write_whole

ROLES = ("scheduler", "worker", "client")
AUTHORITY_DAYS, ROLE_DAYS = 3650, 825


def make(folder: Path, days: int = ROLE_DAYS, renew: bool = False) -> list[str]:
    """Make what is missing; renew: all but the authority. Returns the names of files that were written. Raises ConfigError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    if not (folder / "ca.key").exists():
        if (folder / "ca.pem").exists():
            raise ConfigError(f"{folder}: there is ca.pem, but not ca.key, which signs: run this where ca.key is")
        key = _key()
        _save(folder, "ca", key, _authority(key))
        written += ["ca.key", "ca.pem"]
    signer, authority = _load(folder)
    for role in ROLES:
        if renew or not ((folder / f"{role}.pem").exists() and (folder / f"{role}.key").exists()):
            key = _key()
            _save(folder, role, key, _certificate(role, key, (signer, authority), days))
            written += [f"{role}.key", f"{role}.pem"]
    return written


def _key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _save(folder: Path, name: str, key: Any, certificate: Any) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    write_private(folder / f"{name}.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    write_whole(folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM))


def _load(folder: Path) -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        key = load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
        return key, load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: the authority (ca.key, ca.pem) cannot be read: {error}") from None


def _begun(subject: str, issuer: str, key: Any, days: int) -> Any:
    from cryptography import x509

    def name(text: str) -> Any:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))  # clocks differ
    return builder.not_valid_after(now + timedelta(days=days))


def _authority(key: Any) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    builder = _begun("malmoi authority", "malmoi authority", key, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.add_extension(_usage(signs=True), critical=True).sign(key, SHA256())


def _certificate(role: str, key: Any, signer: tuple[Any, Any], days: int) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([] if role == "client" else [ExtendedKeyUsageOID.SERVER_AUTH])
    builder = _begun(f"malmoi {role}", "malmoi authority", key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer[0].public_key()), critical=False)
    return builder.add_extension(_usage(signs=False), critical=True).sign(signer[0], SHA256())


def _usage(signs: bool) -> Any:
    from cryptography import x509

    never = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=not signs, key_agreement=False, key_cert_sign=signs, crl_sign=signs, **never)


def main(given: Sequence[str] | None = None) -> int:
    """Returns 1 where the authority is not whole."""
    parser = argparse.ArgumentParser(
        "python -m flows.certificates", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where they are made, as deploy/certificates")
    parser.add_argument("--days", type=int, default=ROLE_DAYS, help="how long those of the roles are good for (default: %(default)s)")
    parser.add_argument("--renew", action="store_true", help="make those of the roles anew")
    options = parser.parse_args(given)
    try:
        written = make(options.folder, options.days, options.renew)
    except (ConfigError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.folder}: {', '.join(written) or 'all is there'}")
    return 0


if __name__ == "__main__":
    sys.exit(output.run(main))
