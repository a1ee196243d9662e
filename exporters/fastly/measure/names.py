"""Who listens, as a name that means nothing once its key is gone (DESIGN 3.8)."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import AddressValueError, IPv6Address

KEY_BYTES = 32


@lru_cache(maxsize=65536)
def client_of(address: str) -> str:
    """Return what tells one client from another: an IPv4 address, an IPv6 network of 64 bits.

    IPv4 written as IPv6 is IPv4. What is no address (hashed at the edge, say) stands for itself.
    PTMG 5.5.4.
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except AddressValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> 64:016x}/64"


def namer(key: bytes) -> Callable[[str, str], int]:
    """Return what names a listener by client and user agent: 64 bits, signed, of a keyed hash."""
    keyed = blake2b(key=key, digest_size=8)

    def name(client: str, agent: str) -> int:
        listener = keyed.copy()  # the key is hashed once, not for each listener
        listener.update(f"{client}\0{agent}".encode())
        return int.from_bytes(listener.digest(), signed=True)

    return name
