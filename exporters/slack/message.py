"""A message, and how several become one post. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.slack.text import shorten

LONGEST = 3500
"""Characters of one post: above 4,000 Slack cuts, and nobody reads further."""

MOST = 20
"""Messages of one post."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say, in Slack's mark-up, data in it escaped; its first line says it all.

    The first line is what a phone shows.
    """

    text: str

    @property
    def shown(self) -> str:
        """The text as it is sent: bounded, never empty."""
        return shorten(self.text.strip(), LONGEST) or "(nothing)"


def fit(messages: Sequence[Message]) -> int:
    """Return how many of the first messages one post takes: at least one where there is one."""
    length = 0
    for count, message in enumerate(messages[:MOST]):
        length += len(message.shown) + 1
        if count and length > LONGEST:
            return count
    return min(len(messages), MOST)


def payload(messages: Sequence[Message]) -> dict[str, object]:
    """Return the body of a post to an incoming webhook; links in it are not unfolded."""
    text = "\n".join(message.shown for message in messages)
    return {"text": text, "mrkdwn": True, "unfurl_links": False, "unfurl_media": False}
