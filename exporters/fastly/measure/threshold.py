"""How much of a file must be delivered before it is a download: a minute of sound (PTMG 5.5.3)."""

from exporters.fastly.measure.model import Rules
from exporters.ledger.model import Episode

MINUTE = 60


def needed_bytes(rules: Rules, episode: Episode) -> int:
    """Return the bytes of an episode's file that make a download.

    They are what comes before the sound, and a minute of it; all of a file that plays for a minute
    or less. An episode of unknown size or duration is taken to have the rules' bitrate.
    """
    before = rules.id3_bytes_by_podcast.get(episode.podcast, rules.id3_bytes)
    size, seconds = episode.audio_bytes, episode.duration_seconds
    if not size or not seconds:
        needed = before + int(rules.bitrate / 8 * min(seconds or MINUTE, MINUTE))
        return min(needed, size) if size else needed
    if seconds <= MINUTE or before >= size:
        return size
    return before + int((size - before) / seconds * MINUTE)
