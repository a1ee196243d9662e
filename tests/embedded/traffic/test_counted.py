"""What the ledger makes of simulated listeners: every line is read, every outcome appears."""

from datetime import timedelta
from pathlib import Path

from exporters.embedded.traffic import DATACENTERS, Rates, Scenario
from exporters.embedded.traffic.faults import Trouble
from exporters.fastly.apps import own_classifier
from exporters.fastly.measure import Networks, read_networks
from exporters.ledger.model import OUTCOMES
from tests.embedded.traffic.lines import BROKEN, NOON, crowd
from tests.fastly.traffic import counting

BUSY = Rates(listeners=12, pages=1, feeds=5)


async def test_every_line_is_understood_and_every_outcome_appears(
    database: str, tmp_path: Path
) -> None:
    file = tmp_path / "datacenters.txt"
    file.write_text("\n".join(DATACENTERS))
    networks = Networks(datacenters=read_networks([file]))
    lines = crowd(Scenario.FULL, Trouble.EDGE, rates=BUSY).until(NOON.timestamp() + 60)
    lines = [line for line in lines if BROKEN not in line]
    async with counting(
        database, tmp_path, networks=networks, classifier=own_classifier()
    ) as count:
        count.now = NOON + timedelta(seconds=60)
        recorded = await count.send(*lines)
        assert (recorded.lines, recorded.rejected) == (len(lines), {})
        found = {
            outcome
            for (outcome,) in await count.rows(
                "SELECT outcome FROM nearfield.outcomes WHERE requests > 0"
            )
        }
        assert found == set(OUTCOMES)
        families = await count.rows("SELECT family FROM nearfield.counters WHERE peak > 0")
        assert {"downloads", "country_downloads", "feed_requests"} <= {each for (each,) in families}
        readers = await count.rows("SELECT app FROM nearfield.readers")
        assert ("Feedly",) in readers
