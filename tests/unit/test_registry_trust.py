"""How a registry is reached and trusted: proxies, docker's folder of certificates, addresses of this machine."""

from pathlib import Path

import pytest
from yarl import URL

from certificates import Certificates
from tui.engine.registry_trust import is_local, proxy_of, trusted
from tui.engine.registry_words import RegistryError


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_of(URL("https://r.example")) is None
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "localhost,.inside.example")
    assert proxy_of(URL("https://r.example")) == "http://proxy:3128"
    assert proxy_of(URL("http://r.example")) is None
    assert proxy_of(URL("https://a.inside.example")) is None


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
