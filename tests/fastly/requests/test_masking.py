import pytest

from exporters.fastly.requests.masking import Masks, host_of
from tests.fastly.traffic import RULES

MASKS = Masks(RULES.feed_path)


@pytest.mark.parametrize(
    ("path", "public", "shown"),
    [
        ("/uploads/show/1/show-1.mp3", False, "/uploads/show/1/show-1.mp3"),
        ("/show/feed", True, "/show/feed"),
        ("/s3cr3t/feed", False, "/…/feed"),
        ("/s3cr3t/feed/", False, "/…/feed/"),
        ("/feeds/s3cr3t", True, "/feeds/…"),
        ("/FEEDS%2fs3cr3t/a", False, "/FEEDS%2f…"),
        ("/api/feeds/s3cr3t/more", False, "/api/feeds/…"),
        ("/feeds", False, "/feeds"),
        ("/login?token=s3cr3t", False, "/login"),
        ("/login#s3cr3t", False, "/login"),
        ("/seen/192.0.2.1/x", False, "/seen/0.0.0.0/x"),
        ("/seen/2001:db8::1/x", False, "/seen/::/x"),
        ("", False, ""),
    ],
)
def test_a_path_has_no_query_no_address_and_no_secret_feed(
    path: str, *, public: bool, shown: str
) -> None:
    assert MASKS.path(path, public=public) == shown


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.example.com/a?b=c", "news.example.com"),
        ("http://user:word@example.com:8080/", "example.com"),
        ("android-app://com.example.player", "com.example.player"),
        ("http://192.0.2.1/", "0.0.0.0"),
        ("/local", ""),
        ("", ""),
    ],
)
def test_of_a_referrer_the_host_is_told(url: str, host: str) -> None:
    assert host_of(url) == host
