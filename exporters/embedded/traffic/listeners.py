"""Listeners: who they are to the CDN. Their addresses belong to nobody."""

from dataclasses import dataclass
from random import Random

from exporters.embedded.traffic.apps import APPS, BOTS, BROWSERS, SHARES, WATCHES, App, Way
from exporters.embedded.traffic.places import Place, Places

DATACENTERS = ("203.0.113.0/24", "2001:db8:dc00::/40")
"""Networks of the simulation in which machines stand and nobody listens."""

_MACHINE = App(1.0, "")
_PROTOCOLS = ("HTTP/2", "HTTP/1.1", "HTTP/3")
_PROTOCOL_SUMS = (0.62, 0.82, 1.0)
_IPV6_SHARE = 0.42


@dataclass(frozen=True, slots=True)
class Listener:
    """One program at one address. `speed` is bytes a second, `rtt` milliseconds."""

    address: str
    agent: str
    way: Way
    place: Place
    pop: str
    protocol: str
    speed: float
    rtt: float

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is one of IPv6."""
        return ":" in self.address


class Listeners:
    """Draws listeners; everything comes from the generator of chance that is given."""

    def __init__(self) -> None:
        self._places = Places()

    def person(self, rng: Random, at: float) -> Listener:
        """Return somebody who listens at this moment."""
        app = rng.choices(APPS, cum_weights=SHARES)[0]
        return self._at_home(rng, at, app, app.draw(rng))

    def visitor(self, rng: Random, at: float) -> Listener:
        """Return somebody with a browser."""
        app = rng.choice(BROWSERS)
        return self._at_home(rng, at, app, app.draw(rng))

    def watch(self, rng: Random, at: float) -> Listener:
        """Return an Apple Watch, which fetches again what its telephone has."""
        return self._at_home(rng, at, _MACHINE, rng.choice(WATCHES))

    def bot(self, rng: Random, at: float) -> Listener:
        """Return a robot that says so."""
        return self.machine(rng, at, rng.choice(BOTS))

    def machine(self, rng: Random, at: float, agent: str) -> Listener:
        """Return a program in a data centre."""
        if rng.random() < 0.2:
            address = f"2001:db8:dc{rng.randrange(256):02x}::{rng.randrange(1, 65536):x}"
        else:
            address = f"203.0.113.{rng.randrange(1, 255)}"
        return self._listener(rng, at, _MACHINE, agent, address)

    def _at_home(self, rng: Random, at: float, app: App, agent: str) -> Listener:
        address = _ipv6(rng) if rng.random() < _IPV6_SHARE else _ipv4(rng)
        return self._listener(rng, at, app, agent, address)

    def _listener(self, rng: Random, at: float, app: App, agent: str, address: str) -> Listener:
        place = self._places.draw(rng, at)
        return Listener(
            address=address,
            agent=agent,
            way=app.way,
            place=place,
            pop=rng.choice(place.pops),
            protocol=rng.choices(_PROTOCOLS, cum_weights=_PROTOCOL_SUMS)[0],
            speed=place.speed * rng.lognormvariate(0.0, 0.8),
            rtt=place.rtt * rng.lognormvariate(0.0, 0.5),
        )


def _ipv6(rng: Random) -> str:
    """Return an address of 3fff::/20, which is for documentation (RFC 9637)."""
    low = ":".join(f"{rng.getrandbits(16):x}" for _ in range(6))
    return f"3fff:{rng.getrandbits(12):x}:{low}"


def _ipv4(rng: Random) -> str:
    """Return an address of 198.18.0.0/15, which is for trials of networks (RFC 2544).

    The three networks for documentation have 762 addresses: all would listen at a time.
    """
    number = rng.randrange(1, (1 << 17) - 1)
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
