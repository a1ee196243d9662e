"""What is in the lines, so that the ledger can be asked what it knows of it."""

from exporters.fastly.measure.model import Rules, Survey
from exporters.fastly.measure.reading import rejects
from exporters.fastly.measure.workspace import Workspace, statement

_REJECTED = """
SELECT reason, count(*) FROM taken GROUP BY reason
"""
_VISITS = """
SELECT DISTINCT began::DATE, podcast FROM wanted JOIN paths USING (path) WHERE podcast IS NOT NULL
"""
_EPISODES = """
SELECT podcast, episode, bool_or(sound) FROM paths WHERE podcast IS NOT NULL GROUP BY ALL
"""


def survey(workspace: Workspace, rules: Rules) -> Survey:
    """Make the table `paths`, and return what is in the table `taken`."""
    patterns = {"episode_path": rules.episode_path, "feed_path": rules.feed_path}
    workspace.run(statement("paths"), patterns)
    counts = dict(workspace.rows(_REJECTED))
    found = workspace.rows(_EPISODES)
    feeds = workspace.rows("SELECT DISTINCT feed FROM paths WHERE feed IS NOT NULL")
    shows = {podcast for podcast, _, _ in found}
    return Survey(
        lines=sum(counts.values()),
        rejected={reason: n for reason, n in counts.items() if reason is not None},
        rejects=rejects(workspace) if len(counts) > 1 else (),
        visits=frozenset(workspace.rows(_VISITS)),
        episodes={(podcast, episode): sound for podcast, episode, sound in found},
        shows=frozenset(shows | {rules.feeds.get(feed, feed) for (feed,) in feeds}),
    )
