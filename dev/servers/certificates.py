"""A certificate authority for tests, made afresh, with certificates for loopback names."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Paths of a server's certificate and key, and of the authority that signed it."""

    ca: Path
    cert: Path
    key: Path

    @property
    def ca_pem(self) -> str:
        """The authority's certificate, as a setting would hold it."""
        return self.ca.read_text(encoding="ascii")


def make_certificate(folder: Path, names: str = "DNS:localhost,IP:127.0.0.1", *, days: int = 2) -> Certificate:
    """Make an authority and a certificate for ``names``; needs the openssl command."""
    result = Certificate(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    ca_key, request, extensions = folder / "ca.key", folder / "cert.csr", folder / "cert.ext"
    extensions.write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=TestCA"
        " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        f"-days {days} -keyout {ca_key} -out {result.ca}",
    )
    _openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost",
        f"-keyout {result.key} -out {request}",
    )
    _openssl(
        f"x509 -req -in {request} -CA {result.ca} -CAkey {ca_key} -CAcreateserial",
        f"-days {days} -extfile {extensions} -out {result.cert}",
    )
    return result


def _openssl(*arguments: str) -> None:
    command = ["openssl", *" ".join(arguments).split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
