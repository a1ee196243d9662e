"""The twelve shows of the sample: what they are called, how often they publish, how many listen."""

from dataclasses import dataclass
from enum import IntEnum

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


class Status(IntEnum):
    """`podcasts.status`, numbered as the app does."""

    DRAFT = 0
    SOON = 1
    PUBLISHING = 2
    INACTIVE = 3
    ARCHIVED = 4


@dataclass(frozen=True, slots=True)
class Show:
    """A show and the rule by which its episodes appear.

    `scale` is the downloads of an episode's first full day; three times as many follow within a
    month. `growth` is the change of the audience in a year, 0.2 for a fifth more. Episodes appear
    on `weekdays` of every `every`-th week at `hour` UTC, from `begins` to `ends` days before the
    day on which the sample is made (negative: after it). An archived show has stats until `quiet`
    days before that day: the app no longer counts it. `newsletter` is how many get its e-mails.
    The slugs of a `dated` show are days, those of the others numbers.
    """

    id: int
    slug: str
    name: str
    status: Status
    scale: float
    growth: float
    weekdays: tuple[int, ...]
    hour: int
    minutes: tuple[int, int]
    begins: int
    every: int = 1
    ends: int | None = None
    quiet: int | None = None
    newsletter: int = 0
    dated: bool = False


SHOWS = (
    Show(
        id=1,
        slug="lanternfold",
        name="Lanternfold",
        status=Status.PUBLISHING,
        scale=5200.0,
        growth=0.14,
        weekdays=(WED,),
        hour=11,
        minutes=(62, 118),
        begins=2120,
        newsletter=1400,
    ),
    Show(
        id=2,
        slug="quietcompile",
        name="Quiet Compile",
        status=Status.PUBLISHING,
        scale=2600.0,
        growth=0.22,
        weekdays=(MON,),
        hour=10,
        minutes=(48, 80),
        begins=1560,
        newsletter=800,
    ),
    Show(
        id=3,
        slug="beaconbrief",
        name="Beacon Brief",
        status=Status.PUBLISHING,
        scale=1750.0,
        growth=0.35,
        weekdays=(TUE, FRI),
        hour=6,
        minutes=(7, 14),
        begins=690,
        newsletter=1900,
        dated=True,
    ),
    Show(
        id=4,
        slug="saltmarsh",
        name="Saltmarsh & Sons",
        status=Status.PUBLISHING,
        scale=1300.0,
        growth=0.05,
        weekdays=(THU,),
        every=2,
        hour=14,
        minutes=(70, 130),
        begins=2080,
        newsletter=800,
    ),
    Show(
        id=5,
        slug="tinkersmoon",
        name="Tinker's Moon",
        status=Status.PUBLISHING,
        scale=760.0,
        growth=0.4,
        weekdays=(THU,),
        hour=15,
        minutes=(35, 66),
        begins=870,
        newsletter=450,
    ),
    Show(
        id=6,
        slug="ninthkettle",
        name='The "Ninth" Kettle',
        status=Status.PUBLISHING,
        scale=480.0,
        growth=-0.08,
        weekdays=(TUE,),
        every=4,
        hour=9,
        minutes=(90, 155),
        begins=1950,
        newsletter=250,
    ),
    Show(
        id=7,
        slug="pixelgranary",
        name="Pixel Granary",
        status=Status.PUBLISHING,
        scale=290.0,
        growth=0.1,
        weekdays=(FRI,),
        every=2,
        hour=16,
        minutes=(40, 75),
        begins=1060,
        newsletter=180,
    ),
    Show(
        id=8,
        slug="gravelnotes",
        name="Gravel Notes 🎛️",
        status=Status.PUBLISHING,
        scale=190.0,
        growth=0.6,
        weekdays=(SUN,),
        hour=18,
        minutes=(22, 41),
        begins=530,
        newsletter=90,
    ),
    Show(
        id=9,
        slug="oddparity",
        name="Odd Parity Hour",
        status=Status.INACTIVE,
        scale=620.0,
        growth=-0.25,
        weekdays=(TUE,),
        every=2,
        hour=12,
        minutes=(50, 85),
        begins=1430,
        ends=240,
        newsletter=300,
    ),
    Show(
        id=10,
        slug="drumlinlane",
        name="Drumlin Lane",
        status=Status.ARCHIVED,
        scale=410.0,
        growth=-0.1,
        weekdays=(MON,),
        every=2,
        hour=8,
        minutes=(28, 52),
        begins=2600,
        ends=1300,
        quiet=420,
    ),
    Show(
        id=11,
        slug="mothgate",
        name="Mothgate",
        status=Status.SOON,
        scale=330.0,
        growth=0.5,
        weekdays=(WED,),
        hour=13,
        minutes=(30, 44),
        begins=-6,
        newsletter=60,
    ),
    Show(
        id=12,
        slug="thimblewick",
        name="Thimblewick",
        status=Status.DRAFT,
        scale=100.0,
        growth=0.0,
        weekdays=(),
        hour=10,
        minutes=(20, 30),
        begins=0,
    ),
)
