"""What may help against a failed pull or push, by the words of real daemons (20.10 to 28)."""

import pytest

from tui.jobs.transfer_advice import advice

HOST = "r.example:5000"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "X shows what takes its space"),
        (
            'Get "https://r.example:5000/v2/": tls: failed to verify certificate: x509: certificate signed by unknown'
            " authority",
            "/etc/docker/certs.d/r.example:5000/ca.crt",
        ),
        (
            'Get "https://r.example:5000/v2/": http: server gave HTTP response to HTTPS client',
            "insecure-registries of the daemon",
        ),
        ("no basic auth credentials", "log in first"),
        ("unauthorized: incorrect username or password", "log in first"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "log in first"),
        ("toomanyrequests: You have reached your pull rate limit", "try again later, or log in"),
        ("manifest for r.example:5000/app:2 not found: manifest unknown: manifest unknown", "I lists"),
        ("no matching manifest for linux/amd64 in the manifest list entries", "this platform"),
        ("filesystem layer verification failed for digest sha256:6996", "not what the registry promised"),
        ('Get "https://r.example:5000/v2/": dial tcp 10.9.9.9:5999: connect: connection refused', "its port?"),
        ("received unexpected HTTP status: 503 Service Unavailable", "in trouble itself"),
        ("something else entirely", ""),
    ],
    ids=str,
)
def test_the_advice_fits_the_words(words: str, told: str) -> None:
    found = advice(words, HOST, logged_in=False)
    assert told in found
    assert bool(found) == bool(told)


def test_who_is_logged_in_is_not_told_to_log_in_first() -> None:
    assert advice("denied: requested access to the resource is denied", HOST, logged_in=True).startswith("the login")
    assert "or log in" not in advice("toomanyrequests: slow down", HOST, logged_in=True)
