"""Certificates for tests of TLS, made by the openssl command: an authority, a server, clients, and bad ones of each."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Certificates:
    """`folder` is as DOCKER_CERT_PATH takes it: ca.pem, cert.pem and key.pem of a client; beside it the server's."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "client"

    def server_context(self, name: str = "server", *, client_ca: str | None = "ca") -> ssl.SSLContext:
        """Return a server's side with the certificate `name`, which asks for a client certificate of `client_ca`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.root / f"{name}.pem", self.root / f"{name}-key.pem")
        if client_ca is not None:
            context.load_verify_locations(self.root / f"{client_ca}.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def make_certificates(root: Path) -> Certificates:
    """Make them all in the folder `root`, which is there."""
    _authority(root, "ca")
    _authority(root, "other-ca")
    _signed(root, "server", "ca", NAMES)
    _signed(root, "elsewhere", "ca", "DNS:docker.example.com")
    _signed(root, "expired", "ca", NAMES, days=-1)
    _signed(root, "client-cert", "ca", "DNS:client")
    _signed(root, "expired-client", "ca", "DNS:client", days=-1)
    _signed(root, "stranger", "other-ca", "DNS:client")
    _openssl(root, "pkey", "-in", "client-cert-key.pem", "-aes256", "-passout", "pass:secret", "-out", "encrypted.pem")
    folder = root / "client"
    folder.mkdir()
    for source, target in (("ca", "ca"), ("client-cert", "cert"), ("client-cert-key", "key")):
        (folder / f"{target}.pem").write_bytes((root / f"{source}.pem").read_bytes())
    return Certificates(root)


def _authority(root: Path, name: str) -> None:
    _key(root, name)
    _openssl(root, "req", "-x509", "-new", "-key", f"{name}-key.pem", "-days", "2", "-subj", f"/CN=hythe {name}",
             "-out", f"{name}.pem")  # fmt: skip


def _signed(root: Path, name: str, authority: str, names: str, days: int = 2) -> None:
    _key(root, name)
    (root / f"{name}.ext").write_text(f"subjectAltName={names}\n")
    _openssl(root, "req", "-new", "-key", f"{name}-key.pem", "-subj", f"/CN={name}", "-out", f"{name}.csr")
    _openssl(root, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}-key.pem",
             "-CAcreateserial", "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")  # fmt: skip


def _key(root: Path, name: str) -> None:
    _openssl(root, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}-key.pem")


def _openssl(root: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=root, check=True, capture_output=True, timeout=60)
