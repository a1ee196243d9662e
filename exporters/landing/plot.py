"""The downloads of the last minutes as inline SVG: bars that say their value when pointed at."""

from collections.abc import Iterator, Sequence

from exporters.landing import words

_HEIGHT = 100


def ceiling(amounts: Sequence[float | None]) -> float:
    """Return the top of the scale: 1, 2 or 5 times a power of ten, at least 4."""
    most = max((amount for amount in amounts if amount is not None), default=0.0)
    size = 1.0
    while True:
        for factor in (1, 2, 4, 5):
            if most <= factor * size and factor * size >= 4:
                return factor * size
        size *= 10


def plot(amounts: Sequence[float | None], step: float, at: float) -> str:
    """Return the picture; `step` in seconds, the last bar ends `at`, in seconds since 1970.

    Without a `style` attribute, which the page's policy forbids: the classes are the page's.
    """
    top = ceiling(amounts)
    bars = "".join(_bars(amounts, top, step, at))
    grid = "".join(
        f'<line class="grid" x1="0" x2="{len(amounts)}" y1="{y}" y2="{y}"/>'
        for y in (0, _HEIGHT // 2, _HEIGHT)
    )
    return (
        f'<svg viewBox="0 0 {len(amounts)} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{_summary(amounts, step)}">{grid}{bars}</svg>'
    )


def _bars(amounts: Sequence[float | None], top: float, step: float, at: float) -> Iterator[str]:
    for place, amount in enumerate(amounts):
        if not amount:
            continue
        height = max(_HEIGHT * amount / top, 1.5)
        ended = at - step * (len(amounts) - 1 - place)
        yield (
            f'<g><rect class="hit" x="{place}" y="0" width="1" height="{_HEIGHT}"/>'
            f'<rect class="bar" x="{place + 0.12:g}" y="{_HEIGHT - height:.4g}" width=".76"'
            f' height="{height:.4g}"/>'
            f"<title>{words.count(amount)} until {words.clock(ended)} UTC</title></g>"
        )


def _summary(amounts: Sequence[float | None], step: float) -> str:
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return "Nothing is known of these minutes yet."
    return (
        f"{words.count(sum(known))} downloads, and at most {words.count(max(known))}"
        f" in {step:.0f} seconds."
    )
