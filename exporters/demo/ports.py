"""Addresses that nobody listens on yet."""

import socket

from exporters.core.quantities import Address


def free_address(wanted: Address) -> Address:
    """Return `wanted`, or the same host with another port where somebody listens there already."""
    for port in (wanted.port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((wanted.host, port))
            except OSError:
                continue
            return Address(wanted.host, probe.getsockname()[1])
    return wanted
