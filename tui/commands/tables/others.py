"""The table of the other commands on what Docker has: archives, registries, files, scans, disk."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import later, why_not_later


async def _disk(context: Context) -> None:
    """Open what takes the disk."""
    context.ui.open("disk", session=context.session)


def _has_tag(context: Context) -> str | None:
    if context.images and not context.images[0].tags:
        return "it has no tag that says where to: t gives it one"
    return None


COMMANDS: tuple[Command, ...] = (
    Command("container.files", ("f",), "files: look, search, copy out and in", "containers", later("files", "files"),
            "files", "docker export CONTAINER | tar -tv, docker diff CONTAINER, docker cp CONTAINER:PATH -",
            immediate=True),
    Command("container.environment", ("v",), "environment, mounts, ports, labels, networks", "containers",
            later("files", "environment"), "environment", "docker inspect CONTAINER", immediate=True),
    Command("container.copy_in", (), "copy a file or folder into it", "containers", later("files", "copy_in"),
            "copy in", "docker cp PATH CONTAINER:FOLDER", "guarded", True),
    Command("volume.files", ("f",), "files: look, search, copy out", "volumes",
            later("files", "volume_files"), "files", "docker cp CONTAINER:PATH - | tar -tv",
            available=why_not_later("files", "can_show"), hint=20),
    Command("image.pull", ("P",), "pull an image from a registry", "images", later("transfers", "pull"), "pull",
            "docker pull [--platform OS/ARCH] REFERENCE", "free", True, immediate=True, rowless=True),
    Command("image.push", ("U",), "push to its registry", "images", later("transfers", "push"), "push",
            "docker push REFERENCE", "always", True, available=_has_tag),
    Command("app.login", (), "log in to a registry", "app", later("transfers", "log_in"), "log in",
            "docker login --username NAME --password-stdin REGISTRY", "free", True),
    Command("app.logout", (), "log out of a registry", "app", later("transfers", "log_out"), "log out",
            "docker logout REGISTRY"),
    Command("image.newer", ("N",), "look whether images in use are newer in their registries", "images",
            later("newer", "check"), "newer?", "docker buildx imagetools inspect REFERENCE", many=True),
    Command("image.update", ("u",), "pull it, and recreate the containers made from it", "images",
            later("newer", "update"), "update", "docker pull REFERENCE, then as recreate", "always", True,
            available=why_not_later("newer", "has_users"), many=True),
    Command("container.update", ("U",), "pull its image, and recreate it where a newer one came", "containers",
            later("newer", "update"), "update", "docker pull REFERENCE, then as recreate", "always", True, many=True),
    Command("image.scan", ("s",), "scan for vulnerabilities, by severity and layer", "images", later("scan", "scan"),
            "scan", "trivy image IMAGE, grype IMAGE, docker scout cves IMAGE", hint=25),
    Command("image.save", ("S",), "save to a tar file", "images", later("archives", "save"), "save",
            "docker save --output FILE IMAGE", many=True),
    Command("app.load", (), "load images from a tar file", "app", later("archives", "load"), "load",
            "docker load --input FILE", "free", True),
    Command("app.import", (), "import files from a tar file as an image", "app", later("archives", "import_files"),
            "import", "docker import FILE REFERENCE", "free", True),
    Command("container.export", (), "export its files to a tar file", "containers", later("archives", "export"),
            "export", "docker export --output FILE CONTAINER"),
    Command("app.disk", ("X",), "disk: what takes the space, and clean up", "app", _disk, "disk", "docker system df",
            hint=88, immediate=True),
    Command("app.clean_up", (), "clean up: prune with a preview of each object", "app", later("disk", "clean_up"),
            "clean up",
            "docker system prune, docker rm, docker rmi, docker volume rm, docker network rm, docker builder prune",
            "always", True),
    Command("app.left_behind", (), "remove helper containers that a killed hythe left behind", "app",
            later("left_behind", "remove"), "helpers", "docker rm --force --volumes CONTAINER", "always", True,
            available=why_not_later("left_behind", "why_not")),
)  # fmt: skip
