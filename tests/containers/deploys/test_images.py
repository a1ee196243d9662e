"""Image references, versions, and where the source of an image is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.containers.deploys.images import (
    Reference,
    Release,
    by_digest,
    commit_url,
    describe,
    parse_reference,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("web", ("docker.io", "library/web", "", "")),
        ("shop/web:1", ("docker.io", "shop/web", "1", "")),
        ("docker.io/web:1", ("docker.io", "library/web", "1", "")),
        ("ghcr.io/shop/web:1.4", ("ghcr.io", "shop/web", "1.4", "")),
        ("localhost/web", ("localhost", "web", "", "")),
        ("127.0.0.1:5000/a/b/web:x", ("127.0.0.1:5000", "a/b/web", "x", "")),
        (f"host:5000/web@{DIGEST}", ("host:5000", "web", "", DIGEST)),
        (f"host:5000/web:1@{DIGEST}", ("host:5000", "web", "1", DIGEST)),
        (DIGEST, ("docker.io", "library/sha256", "ab" * 32, "")),
    ],
)
def test_a_reference_has_the_parts_that_docker_sees(text: str, parts: tuple[str, ...]) -> None:
    assert parse_reference(text) == Reference(*parts)


def test_what_has_a_digest_is_asked_for_by_it() -> None:
    assert by_digest(f"host:5000/web:1@{DIGEST}") == f"host:5000/web@{DIGEST}"
    assert by_digest("host:5000/web:1") == "host:5000/web:1"


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_any_words_make_a_release_that_a_label_can_carry(
    image: str, content: str, labels: dict[str, str]
) -> None:
    release = describe(image, content, labels, next(iter(labels), ""))
    assert release.version
    for word in (release.version, release.deployer):
        assert len(word) <= 256
        assert "\n" not in word or word == release.version


LABELS = {
    "org.opencontainers.image.revision": COMMIT,
    "org.opencontainers.image.version": "1.4.2",
    "org.opencontainers.image.source": "https://git.example/shop/web.git",
    "by": " Anna\n B. ",
}


def test_the_version_is_the_commit_else_the_label_else_the_tag_else_the_digest() -> None:
    revision, version, *_ = LABELS
    assert describe("web:1", DIGEST, LABELS).version == COMMIT[:7]
    assert describe("web:1", DIGEST, {version: "1.4.2"}).version == "1.4.2"
    assert describe("web:1", DIGEST, {revision: "r12"}).version == "r12"
    assert describe("web:1", DIGEST, {}).version == "1"
    assert describe("web", DIGEST, {}).version == "ab" * 6
    assert describe(f"web@{DIGEST}", "", {}).version == "ab" * 6
    assert describe("web", "", {}).version == "latest"


def test_a_commit_is_linked_where_its_source_is_known() -> None:
    release = describe("web:1", DIGEST, LABELS, "by")
    assert commit_url(release) == f"https://git.example/shop/web/commit/{COMMIT}"
    assert release.deployer == "Anna B."
    assert commit_url(describe("web:1", "", {**LABELS, next(iter(LABELS)): "v1"})) == (
        "https://git.example/shop/web"
    )


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("git@github.com:shop/web.git", f"https://github.com/shop/web/commit/{COMMIT}"),
        ("ssh://git@git.example/shop/web", f"https://git.example/shop/web/commit/{COMMIT}"),
        ("https://git.example/a/", f"https://git.example/a/commit/{COMMIT}"),
        ("javascript:alert(1)", ""),
        ("https://x/" + "y" * 1000, ""),
        ("", ""),
    ],
)
def test_only_a_web_address_is_a_source(source: str, link: str) -> None:
    labels = {**LABELS, "org.opencontainers.image.source": source}
    assert commit_url(describe("web", "", labels)) == link


def test_another_tag_or_another_digest_is_another_image_and_an_unknown_digest_is_not() -> None:
    web = Release("web:1", DIGEST)
    assert web.same(Release("web:1", ""))
    assert web.same(Release("web:1", DIGEST, version="told later"))
    assert not web.same(Release("web:2", DIGEST))
    assert not web.same(Release("web:1", DIGEST.replace("a", "c")))
