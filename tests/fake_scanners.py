"""Programs in the places of trivy, grype and the docker CLI with its scout plugin.

They reach the daemon or the archive that they are pointed at, and print a report on the layers which they found there,
in the forms that these tools document:

trivy 0.76 (`--format json`, SchemaVersion 2), grype 0.121 (`--output json`), docker scout 1.20 (`--format sarif`).
"""

import http.client
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engines import UnixHTTPConnection

DESCRIPTION = "MiniZip in zlib through 1.3 has an integer overflow.\nMore of it."


def trivy_report(diff_ids: Sequence[str], history: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """What trivy prints of an image with these layers: two findings with the last one, one with the first."""
    first, last = {"DiffID": diff_ids[0]}, {"DiffID": diff_ids[-1]}
    return {
        "SchemaVersion": 2, "Trivy": {"Version": "0.76.0"}, "CreatedAt": "2026-11-29T19:15:56.669423778Z",
        "ArtifactName": "shop/web:1", "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "alpine", "Name": "3.18.4", "EOSL": True}, "DiffIDs": list(diff_ids),
            "ImageConfig": {"history": list(history), "rootfs": {"type": "layers", "diff_ids": list(diff_ids)}},
        },
        "Results": [
            {"Target": "shop/web:1 (alpine 3.18.4)", "Class": "os-pkgs", "Type": "alpine", "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2023-45853", "PkgID": "zlib@1.2.13-r0", "PkgName": "zlib",
                 "InstalledVersion": "1.2.13-r0", "FixedVersion": "1.2.13-r1", "Status": "fixed", "Layer": first,
                 "SeveritySource": "nvd", "PrimaryURL": "https://avd.aquasec.com/nvd/cve-2023-45853",
                 "Title": "zlib: integer overflow", "Description": DESCRIPTION, "Severity": "CRITICAL",
                 "References": ["https://zlib.net", "https://avd.aquasec.com/nvd/cve-2023-45853"]},
                {"VulnerabilityID": "CVE-2024-9999", "PkgName": "openssl", "InstalledVersion": "3.1.3-r0",
                 "Status": "affected", "Layer": last, "Title": "openssl: made up", "Severity": "LOW"},
            ]},
            {"Target": "Node.js", "Class": "lang-pkgs", "Type": "node-pkg", "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2019-10744", "PkgName": "lodash", "PkgPath": "app/lodash/package.json",
                 "InstalledVersion": "4.17.4", "FixedVersion": "4.17.12", "Layer": last, "Severity": "HIGH"},
            ]},
            {"Target": "nothing", "Class": "lang-pkgs", "Type": "gobinary"},
        ],
    }  # fmt: skip


def grype_report(diff_ids: Sequence[str], config: str = "") -> dict[str, Any]:
    """What grype prints; `config` is the image's configuration in base64."""
    location = {"path": "/lib/apk/db/installed", "layerID": diff_ids[-1]}
    kind = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    related = {"id": "CVE-2023-5678", "dataSource": "https://nvd.nist.gov/vuln/detail/CVE-2023-5678",
               "description": "Keys may be checked slowly. And more.", "urls": ["https://openssl.org"]}  # fmt: skip
    return {
        "matches": [
            {"vulnerability": {
                "id": "CVE-2023-5678", "dataSource": "https://security.alpinelinux.org/vuln/CVE-2023-5678",
                "severity": "Medium", "urls": [], "fix": {"versions": ["3.1.4-r1"], "state": "fixed"}, "risk": 0.3},
             "relatedVulnerabilities": [related],
             "matchDetails": [{"type": "exact-indirect-match"}],
             "artifact": {"name": "libcrypto3", "version": "3.1.3-r0", "type": "apk", "locations": [location]}},
            {"vulnerability": {"id": "CVE-2024-1", "severity": "Negligible",
                               "fix": {"versions": [], "state": "wont-fix"}},
             "relatedVulnerabilities": [],
             "artifact": {"name": "tar", "version": "1.34", "type": "deb", "locations": None}},
        ],
        "source": {"type": "image", "target": {
            "userInput": "shop/web:1", "imageID": "sha256:1", "config": config,
            "layers": [{"mediaType": kind, "digest": id, "size": 1} for id in diff_ids]}},
        "distro": {"name": "alpine", "version": "3.18.4", "idLike": None},
        "descriptor": {"name": "grype", "version": "0.121.2", "timestamp": "2026-11-29T19:15:56Z", "db": {
            "status": {"schemaVersion": "v6.1.9", "built": "2026-11-28T07:34:46Z", "valid": True}}},
    }  # fmt: skip


def scout_report() -> dict[str, Any]:
    """What docker scout writes."""
    rule = {
        "id": "CVE-2005-2541", "name": "OsPackageVulnerability", "shortDescription": {"text": "CVE-2005-2541: tar"},
        "helpUri": "https://scout.docker.com/v/CVE-2005-2541?s=debian",
        "help": {"text": "Tar does not warn.", "markdown": "> Tar does not warn."},
        "properties": {"affected_version": ">=1.34", "cvssV3_severity": "HIGH", "fixed_version": "not fixed",
                       "purls": ["pkg:deb/debian/tar@1.34%2Bdfsg-1?os_name=debian"], "security-severity": "10.0",
                       "tags": ["HIGH"]},
    }  # fmt: skip
    message = "\n  Vulnerability   : CVE-2005-2541\n  Package         : pkg:deb/debian/tar@1.34%2Bdfsg-1"
    driver = {"fullName": "Docker Scout", "name": "docker scout", "rules": [rule], "version": "1.20.4"}
    place = {"physicalLocation": {"artifactLocation": {"uri": "/var/lib/dpkg/status"}}}
    return {
        "version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{
            "tool": {"driver": driver},
            "results": [{"ruleId": "CVE-2005-2541", "ruleIndex": 0, "kind": "fail", "level": "error",
                         "message": {"text": message}, "locations": [place]}],
        }],
    }  # fmt: skip


def make_tools(folder: Path, *tools: str, script: str = "") -> str:
    """Write programs with the names of tools to a folder, and return the PATH that has them.

    Without a `script` of the shell they do what the tools do; what each was given is in FOLDER/TOOL.given, as JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for tool in tools:
        program = folder / ("docker" if tool == "scout" else tool)
        own = f"#!{sys.executable}\nimport sys\nsys.path[:0] = [{str(Path(__file__).parent)!r}]\n" \
              f"import fake_scanners\nfake_scanners.main({tool!r}, {str(folder)!r})\n"  # fmt: skip
        program.write_text(f"#!/bin/sh\n{script}\n" if script else own)
        program.chmod(0o755)
        if tool == "scout":
            plugin = folder / "config" / "cli-plugins" / "docker-scout"
            plugin.parent.mkdir(parents=True, exist_ok=True)
            plugin.write_text("#!/bin/sh\n")
            plugin.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def main(tool: str, folder: str) -> None:
    """Be a tool."""
    words = sys.argv[1:]
    if words[:1] == ["version"]:
        updated = {"Version": 2, "UpdatedAt": "2026-11-28T06:12:00Z"}
        print(json.dumps({"Version": "0.76.0", "VulnerabilityDB": updated}))
        return
    given = {"words": words, "environment": dict(os.environ), "cwd": os.getcwd()}
    Path(folder, f"{tool}.given").write_text(json.dumps(given))
    print(f"2026-11-29T19:16:32Z\tINFO\t[{tool}] looking at the layers", file=sys.stderr, flush=True)
    if tool == "scout":
        target = next(word for word in words if word.startswith(("local://", "archive://")))
        output = next(word for word in words if word.startswith("--output=")).removeprefix("--output=")
        if target.startswith("archive://"):
            _config_in_archive(target.removeprefix("archive://"))
        Path(output).write_text(json.dumps(scout_report()))
        return
    archive = next((word.partition("=" if tool == "trivy" else ":")[2] for word in words
                    if word.startswith(("--input=", "docker-archive:"))), "")  # fmt: skip
    image = words[-1] if tool == "trivy" else words[0].removeprefix("docker:")
    diff_ids, history = _config_in_archive(archive) if archive else _asked(os.environ["DOCKER_HOST"], image)
    print(json.dumps(trivy_report(diff_ids, history) if tool == "trivy" else grype_report(diff_ids)))


def _config_in_archive(path: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Read an image's configuration out of its archive, with nothing of the project's."""
    read = subprocess.run(["tar", "-xOf", path, "manifest.json"], capture_output=True, check=True)
    name = json.loads(read.stdout)[0]["Config"]
    config = json.loads(subprocess.run(["tar", "-xOf", path, name], capture_output=True, check=True).stdout)
    return config["rootfs"]["diff_ids"], config["history"]


def _asked(host: str, image: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Ask a daemon for an image's layers as the tools do, by what DOCKER_HOST and DOCKER_CERT_PATH say."""
    try:
        connection = _connection(host, os.environ.get("DOCKER_CERT_PATH"))
        connection.request("GET", f"/images/{image}/json")
        answer = connection.getresponse()
        document = json.loads(answer.read())
        return document["RootFS"]["Layers"], []
    except (OSError, KeyError, ValueError) as error:
        print(f"2026-11-29T19:15:56Z\tFATAL\tFatal error\tunable to inspect the image: {error!r}", file=sys.stderr)
        raise SystemExit(1) from error


def _connection(host: str, certificates: str | None) -> http.client.HTTPConnection:
    if host.startswith("unix://"):
        return UnixHTTPConnection(host.removeprefix("unix://"))
    name, _, port = host.removeprefix("tcp://").rpartition(":")
    if certificates is None:
        return http.client.HTTPConnection(name, int(port), timeout=10)
    context = ssl.create_default_context(cafile=f"{certificates}/ca.pem")
    context.load_cert_chain(f"{certificates}/cert.pem", f"{certificates}/key.pem")
    return http.client.HTTPSConnection(name, int(port), timeout=10, context=context)
