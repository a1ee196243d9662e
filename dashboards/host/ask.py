"""How machines and databases are asked for."""

ON = 'job=~"$job", instance=~"$instance"'
RATE = "[$__rate_interval]"
REAL_DISKS = f'{ON}, fstype!~"tmpfs|ramfs|overlay|squashfs|nsfs|fuse.*"'
DEVICES = f'{ON}, device!~"lo|veth.*|br-.*|docker.*"'


def each(metric: str, by: str = "instance") -> str:
    """Return the rate of a counter."""
    return f"sum by ({by}) (rate({metric}{{{ON}}}{RATE}))"


def ours(metric: str, by: str = "datname") -> str:
    """Return the rate of a counter of PostgreSQL's."""
    return f'sum by ({by}) (rate({metric}{{{ON}, datname!~"template.*|"}}{RATE}))'
