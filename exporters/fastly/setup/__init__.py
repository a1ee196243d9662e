"""Has Fastly send its log lines here: says what it will do, then does it, and nothing twice."""

from collections.abc import Callable

from exporters.core.errors import StartError
from exporters.fastly.setup.endpoint import NAME, Endpoint, header_value, receiver_url, to_paste
from exporters.fastly.setup.plan import Plan, base_of, draft_of, mark, plan
from exporters.fastly.setup.versions import Versions

__all__ = [
    "NAME",
    "Endpoint",
    "Versions",
    "header_value",
    "look",
    "perform",
    "receiver_url",
    "to_paste",
]

Say = Callable[[str], None]


async def look(versions: Versions, service: str, endpoint: Endpoint, *, activate: bool) -> Plan:
    """Return what has to be done; nothing is changed. Raises SourceError, StartError."""
    known = await versions.all()
    if not known:
        raise StartError(f"service {service} has no version to start from: make one first")
    base = base_of(known)
    draft = draft_of(known, base)
    return plan(
        service,
        endpoint,
        (base, await versions.endpoints(base)),
        None if draft is None else (draft, await versions.endpoints(draft)),
        activate=activate,
    )


async def perform(versions: Versions, steps: Plan, endpoint: Endpoint, say: Say) -> None:
    """Do what `look` found. Raises SourceError, StartError; another run goes on where it ended.

    What serves is touched by the last step alone.
    """
    if steps.nothing:
        return
    number = steps.draft
    if number is None:
        number = await versions.clone(steps.base, mark(steps.base))
        say(f"Service {steps.service}: cloned version {steps.base} as {number}")
    if steps.write == "create":
        await versions.create(number, endpoint.form())
    elif steps.write:
        await versions.update(number, endpoint.form())
    if problem := await versions.validate(number):
        raise StartError(
            f"service {steps.service}: Fastly finds version {number} not valid, and it was not"
            f" activated: {problem}"
        )
    if not steps.activate:
        say(f"Service {steps.service}: version {number} is valid and waits to be activated")
        return
    await _activate(versions, steps, number)
    say(f"Service {steps.service}: version {number} is active")


async def _activate(versions: Versions, steps: Plan, number: int) -> None:
    """Activate, unless another version was activated since we looked: ours would undo it."""
    if base_of(await versions.all()) != steps.base:
        raise StartError(
            f"service {steps.service}: another version was activated meanwhile, so version"
            f" {number} was not: run this again"
        )
    await versions.activate(number)
