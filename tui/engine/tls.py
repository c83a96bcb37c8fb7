"""TLS to a daemon: the client's side of it from the files that Docker uses, and its failures in words."""

from __future__ import annotations

import ssl
from pathlib import Path

from tui.engine.endpoint import Endpoint, Tls
from tui.engine.errors import ConnectionFailed, EndpointError

# OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_…, openssl/x509_vfy.h)
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_UNKNOWN_ISSUER = (19, 20, 21)
_WRONG_HOST, _WRONG_ADDRESS = 62, 64


def client_context(tls: Tls) -> ssl.SSLContext:
    """Return what TLS is spoken with, as the docker CLI would: TLS 1.2 or newer, names in subjectAltName alone.

    Raises:
        EndpointError: a file is missing, may not be read, or is not what it should be; it is named.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.ca:
        _load_authorities(context, tls.ca)
        # who is named as an authority is one, also where somebody else signed it
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    elif tls.verify:
        context.load_default_certs()
    if tls.cert or tls.key:
        _load_pair(context, tls)
    return context


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    _check_readable(path)
    try:
        context.load_verify_locations(path)
    except (ssl.SSLError, OSError):
        raise EndpointError(f"{path} holds no certificate", "it should be the PEM file of the CA") from None


def _load_pair(context: ssl.SSLContext, tls: Tls) -> None:
    """Load the client certificate and its key."""
    for path, other, what in ((tls.cert, tls.key, "certificate"), (tls.key, tls.cert, "key")):
        if not path:
            beside = Path(other).with_name("cert.pem" if what == "certificate" else "key.pem")
            raise EndpointError(
                f"the client {what} is missing: there is {other}, but no {beside}", f"put {beside} there"
            )
        _check_readable(path)
    if b"ENCRYPTED" in Path(tls.key).read_bytes():
        plain = f"openssl pkey -in {tls.key} -out plain.pem"
        raise EndpointError(f"the key {tls.key} is encrypted", f"the docker CLI takes none either: {plain}")
    try:
        context.load_cert_chain(tls.cert, tls.key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"the key {tls.key} is not that of the certificate {tls.cert}"
            raise EndpointError(message, "they are made as a pair: take both from the same place") from None
        raise EndpointError(
            f"{tls.cert} and {tls.key} are no certificate and key: {error.reason or error}", "both should be PEM files"
        ) from None


def _check_readable(path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except FileNotFoundError:
        hint = "put the file there, or name another folder by DOCKER_CERT_PATH"
        raise EndpointError(f"{path} is missing", hint) from None
    except PermissionError:
        raise EndpointError(f"{path} may not be read", "run hythe as a user who may read it") from None
    except OSError as error:
        raise EndpointError(f"{path}: {error.strerror}") from None


def tls_failure(endpoint: Endpoint, error: ssl.SSLError) -> ConnectionFailed:
    """Return in words why TLS to `endpoint` did not come about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail, hint = _refused_certificate(endpoint.tls or Tls(), error)
    else:
        detail, hint = _broken_handshake(endpoint.tls or Tls(), error)
    return ConnectionFailed(endpoint.url, "TLS", detail, hint)


def _refused_certificate(tls: Tls, error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """Return why the daemon's certificate is not believed, and what to do."""
    code = error.verify_code
    if code == _EXPIRED:
        return (
            "the daemon's certificate has expired",
            "renew it on the daemon's machine, and check this machine's clock",
        )
    if code == _NOT_YET_VALID:
        return "the daemon's certificate is not valid yet", "check the clocks of both machines"
    if code in (_WRONG_HOST, _WRONG_ADDRESS):
        return f"the daemon's certificate is for another name: {error.verify_message}", (
            "use a name that the certificate has, or make one with this name in subjectAltName"
        )
    if code == _SELF_SIGNED or code in _UNKNOWN_ISSUER:
        trusted = f"no authority in {tls.ca} has" if tls.ca else "no authority that this system trusts has"
        return f"{trusted} signed the daemon's certificate", (
            "use the ca.pem that signed it: DOCKER_CERT_PATH names its folder"
            if not tls.ca
            else "use the ca.pem that signed it"
        )
    return f"the daemon's certificate is refused: {error.verify_message}", "make a new one for the daemon"


def _broken_handshake(tls: Tls, error: ssl.SSLError) -> tuple[str, str]:
    """Return why there was no handshake, from OpenSSL's reason or the other side's alert, and what to do."""
    reason = error.reason or ""
    if reason in (
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
        "RECORD_LAYER_FAILURE",
        "PACKET_LENGTH_TOO_LONG",
    ):
        return "that port does not speak TLS", (
            f"is it the plain one? The daemon's TLS port is mostly {2376}; without TLS, unset DOCKER_TLS_VERIFY"
        )
    if not tls.cert and (
        "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason or "BAD_CERTIFICATE" in reason
    ):
        return "the daemon wants a client certificate", "put cert.pem and key.pem beside ca.pem (DOCKER_CERT_PATH)"
    if "ALERT" in reason and "EXPIRED" in reason:
        return f"the daemon says that the client certificate has expired: {tls.cert}", "renew it"
    if "UNKNOWN_CA" in reason or "BAD_CERTIFICATE" in reason or "CERTIFICATE_UNKNOWN" in reason:
        return f"the daemon does not accept the client certificate {tls.cert}", (
            "it has to be signed by the CA that the daemon was given as --tlscacert"
        )
    if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        return "the daemon speaks no TLS 1.2 or newer", "upgrade the daemon"
    return reason.replace("_", " ").lower() or str(error), "openssl s_client -connect HOST:PORT tells more"
