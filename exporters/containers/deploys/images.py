"""Image references and labels: an image's name, its version, where it comes from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"
SOURCE = "org.opencontainers.image.source"

HUB = "docker.io"
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST = 64
_SSH = re.compile(r"(?:ssh://)?git@([\w.-]+)[:/](.+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """`registry/repository:tag@digest` in its parts; tag and digest may be empty."""

    registry: str
    repository: str
    tag: str
    digest: str


@dataclass(frozen=True, slots=True)
class Release:
    """What a service runs, or is to run."""

    image: str
    """As people wrote it, without a digest: `ghcr.io/shop/web:1.4`."""
    digest: str
    """What the image is: `sha256:…` of its manifest or of its configuration; empty if unknown."""
    version: str = ""
    revision: str = ""
    """The whole commit, where a label tells."""
    source: str = ""
    """Address of the source's repository, where a label tells."""
    deployer: str = ""
    pinned: bool = False
    """Whether the digest is part of the reference: a manifest's, as registries know it."""

    def same(self, other: "Release") -> bool:
        """Whether it is the same image: same name and tag, and no known difference in content."""
        known = bool(self.digest and other.digest)
        return self.image == other.image and (not known or self.digest == other.digest)


def parse_reference(text: str) -> Reference:
    """Return the parts of an image reference; Docker Hub's are completed as Docker does."""
    name, _, digest = text.partition("@")
    path, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = f"{path}{slash}{last}"
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = HUB, name
    if host == HUB and "/" not in rest:
        rest = f"library/{rest}"
    return Reference(host, rest, tag, digest)


def by_digest(image: str) -> str:
    """Return a reference without its tag where it has a digest: the tag may have moved on."""
    name, at, digest = image.partition("@")
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}@{digest}" if at else image


def describe(
    image: str, content: str, labels: Mapping[str, str], deployer_label: str = ""
) -> Release:
    """Return the release of an image reference and the labels around it.

    `content` is the digest where the reference has none. The version is the commit, else the
    version label, else the tag, else the digest: base images hand their version label down to
    whoever forgets his own, a commit is rarely wrong.
    """
    name, _, pinned = image.partition("@")
    digest = pinned or content
    revision = _word(labels.get(REVISION, ""))
    short = revision[:7] if _HASH.fullmatch(revision) else revision
    tag = parse_reference(name).tag
    version = short or _word(labels.get(VERSION, "")) or tag
    return Release(
        image=name,
        digest=digest,
        version=version or digest.partition(":")[2][:12] or "latest",
        revision=revision,
        source=_web_address(labels.get(SOURCE, "")),
        deployer=_word(labels.get(deployer_label, "")),
        pinned=bool(pinned),
    )


def commit_url(release: Release) -> str:
    """Return the address of a release's commit, else of its source, else nothing."""
    if release.source and _HASH.fullmatch(release.revision):
        return f"{release.source}/commit/{release.revision}"
    return release.source


def _word(text: str) -> str:
    """A label's value as a metric's label can carry it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]


def _web_address(text: str) -> str:
    address = text.strip()
    if ssh := _SSH.fullmatch(address):
        address = f"https://{ssh[1]}/{ssh[2]}"
    if not address.startswith(("https://", "http://")) or len(address) > 500:
        return ""
    return address.rstrip("/").removesuffix(".git")
