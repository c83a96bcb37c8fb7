"""How a registry is trusted: docker's folder of certificates, addresses of this machine."""

from pathlib import Path

import pytest

from certificates import Certificates
from tui.engine.registry_trust import is_local, trusted
from tui.engine.registry_words import RegistryError


def test_dockers_own_certificates_of_a_registry(tmp_path: Path, certificates: Certificates) -> None:
    folder = tmp_path / "r.example:5000"
    before = len(trusted("r.example:5000", tmp_path).get_ca_certs())
    folder.mkdir()
    (folder / "ca.crt").write_bytes((certificates.root / "ca.pem").read_bytes())
    (folder / "client.cert").write_bytes((certificates.folder / "cert.pem").read_bytes())
    (folder / "client.key").write_bytes((certificates.folder / "key.pem").read_bytes())
    assert len(trusted("r.example:5000", tmp_path).get_ca_certs()) == before + 1
    (folder / "ca.crt").write_text("no certificate")
    with pytest.raises(RegistryError, match=r"ca\.crt"):
        trusted("r.example:5000", tmp_path)


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost:5000", True), ("127.0.0.9:1", True), ("[::1]:5000", True), ("localhost", True),
     ("r.example:5000", False), ("127.example", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_which_registries_need_no_tls(host: str, local: bool) -> None:
    assert is_local(host) is local
