"""Image archives as engines write them, and as they should never be."""

import hashlib
import io
import json
import tarfile

Files = dict[str, bytes | tuple[bytes, str]]


def tar(files: Files, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                info.type, info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


LOWER = tar({"etc/passwd": b"root", "bin/sh": b"#" * 3000, "bin/ash": (tarfile.LNKTYPE, "bin/sh")})
UPPER = tar({"etc/.wh.passwd": b"", "srv/" + "n" * 150: b"x" * 10, "lib": (tarfile.SYMTYPE, "/usr/lib")})


def diff_id(layer: bytes) -> str:
    return f"sha256:{hashlib.sha256(layer).hexdigest()}"


CONFIG: dict[str, object] = {
    "architecture": "amd64",
    "os": "linux",
    "created": None,
    "config": {"Cmd": ["sh"], "Env": ["A=1"], "ExposedPorts": {"80/tcp": {}}, "Unknown": 1},
    "rootfs": {"type": "layers", "diff_ids": [diff_id(LOWER), diff_id(UPPER)]},
    "history": [
        {"created_by": "ADD rootfs", "created": "2026-01-02T03:04:05Z"},
        {"created_by": 'CMD ["sh"]', "empty_layer": True},
        {"created_by": None, "comment": "c"},
    ],
}


def without_digests() -> dict[str, object]:
    """A configuration that does not tell what is in the layers."""
    return {**CONFIG, "rootfs": {}}


def docker_archive(layers: list[bytes], config: dict[str, object] = CONFIG) -> Files:
    names = [f"{number:064x}/layer.tar" for number in range(len(layers))]
    manifest = [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": names}]
    files: Files = {}
    for name, layer in zip(names, layers, strict=True):
        files[name.replace("layer.tar", "VERSION")] = b"1.0"
        files[name.replace("layer.tar", "json")] = b'{"id":1}'
        files[name] = layer
    return {**files, "c.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}


def blob(data: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"


def oci_layout(layers: list[bytes], config: dict[str, object] = CONFIG) -> Files:
    text = json.dumps(config).encode()
    manifest = [{"Config": blob(text), "RepoTags": None, "Layers": [blob(layer) for layer in layers]}]
    files: Files = {"blobs/": (tarfile.DIRTYPE, ""), **{blob(layer): layer for layer in layers}, blob(text): text}
    return {**files, "index.json": b"{}", "oci-layout": b"{}", "manifest.json": json.dumps(manifest).encode()}
