"""A token service for tests, a program of its own: who knows the password gets what they ask for, signed (ES256).

    python token_service.py PORT FOLDER USER PASSWORD

FOLDER has server.pem and server-key.pem, an EC key; the token's format is github.com/distribution/distribution's.
"""

import base64
import json
import secrets
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

REFRESH = "the-identity-token"


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(der: bytes) -> bytes:
    """The two numbers of an ECDSA signature, 32 bytes each, out of its DER."""
    at, parts = 2, []
    for _ in range(2):
        length = der[at + 1]
        parts.append(der[at + 2 : at + 2 + length].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + length
    return b"".join(parts)


def signed(folder: Path, service: str, user: str, scopes: list[str]) -> str:
    certificate = "".join((folder / "server.pem").read_text().splitlines()[1:-1])
    header = {"typ": "JWT", "alg": "ES256", "x5c": [certificate]}
    access = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    now = int(time.time())
    claims = {"iss": "hythe-test", "sub": user, "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now,
              "jti": secrets.token_hex(8), "access": access}  # fmt: skip
    text = ".".join(url64(json.dumps(part).encode()) for part in (header, claims))
    command = ["openssl", "dgst", "-sha256", "-sign", str(folder / "server-key.pem")]
    der = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    return f"{text}.{url64(raw_signature(der))}"


def main() -> None:
    port, folder, user, password = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlparse(self.path).query)
            allowed = self.headers.get("Authorization") == basic
            self._answer(query, allowed, "true" in query.get("offline_token", []))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            by_password = form.get("username") == [user] and form.get("password") == [password]
            allowed = by_password or form.get("refresh_token") == [REFRESH]
            self._answer(form, allowed, "offline" in form.get("access_type", []))

        def _answer(self, asked: dict[str, list[str]], allowed: bool, offline: bool) -> None:
            body = {"details": "incorrect username or password"}
            if allowed:
                scopes = [each for text in asked.get("scope", []) for each in text.split()]
                token = signed(folder, asked["service"][0], user, scopes)
                body = {"token": token, "access_token": token}
                if offline:
                    body["refresh_token"] = REFRESH
            data = json.dumps(body).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
