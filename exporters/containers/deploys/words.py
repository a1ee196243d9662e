"""What people are told about deploys: one plain message each, and the same as a log line. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from exporters.containers.deploys.images import Release, commit_url
from exporters.containers.deploys.model import Deploy, Service
from exporters.slack import Message
from exporters.slack.text import bold, code, escape, link, shorten

LATE = 300.0
"""Seconds after which a message tells when it happened: Slack shows when it was sent."""

_LEVELS = {"completed": "info", "abandoned": "info", "rolled_back": "warning", "failed": "error"}


def message(deploy: Deploy, now: float, zone: tzinfo) -> Message:
    """Return the message about a deploy that ended. Its first line says it all."""
    head = f"{_name(deploy.service)} {_sentence(deploy)}"
    notes = [note for note in (_by(deploy), _at(deploy, now, zone)) if note]
    first = f"{head} {' '.join(notes)}".strip()
    lines = [first]
    if deploy.outcome in {"failed", "rolled_back"} and deploy.problem.output:
        lines.append(f"Last health check: {code(shorten(deploy.problem.output, 300))}")
    return Message("\n".join(lines))


def _sentence(deploy: Deploy) -> str:
    new, took = _version(deploy.release), duration(deploy.seconds)
    old = _version(deploy.before) if deploy.before else "what ran before"
    if deploy.outcome == "completed":
        was = f", was {old}" if deploy.before else ""
        return f"{new} is live after {took}{was}."
    if deploy.outcome == "abandoned":
        return f"{new} was given up after {took}: {_reason(deploy, 'it was not finished')}."
    if deploy.outcome == "rolled_back" and deploy.by_hand:
        return f"was rolled back by hand from {old} to {new} in {took}."
    if deploy.outcome == "rolled_back":
        return f"{new} was rolled back to {old} after {took}: {_reason(deploy, 'it failed')}."
    return f"{new} failed after {took}: {_reason(deploy, 'Docker does not say why')}."


def _reason(deploy: Deploy, unknown: str) -> str:
    """What failed, with the exit code unless the engine's own words have it."""
    problem = deploy.problem
    text = escape(shorten(problem.text.strip().rstrip("."), 300)) or unknown
    if problem.exit_code is not None and f"({problem.exit_code})" not in problem.text:
        text += f", exit code {problem.exit_code}"
    return text


def _name(service: Service) -> str:
    return bold(f"{service.stack}/{service.name}" if service.stack else service.name)


def _version(release: Release) -> str:
    return link(commit_url(release), release.version)


def _by(deploy: Deploy) -> str:
    return f"Deployed by {escape(deploy.release.deployer)}." if deploy.release.deployer else ""


def _at(deploy: Deploy, now: float, zone: tzinfo) -> str:
    if now - deploy.ended < LATE:
        return ""
    moment = datetime.fromtimestamp(deploy.ended, zone)
    return f"That was at {moment:%H:%M %Z on %d %B}."


def duration(seconds: float) -> str:
    """Return a span as people say it: `34 s`, `4 min 10 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def follow_up(deploy: Deploy, risen: Mapping[str, tuple[float, float]], seconds: float) -> Message:
    """Return what rose after a deploy: each name with its counts before and after."""
    facts = "; ".join(
        f"{escape(name)} {before:,.0f} → {after:,.0f}" for name, (before, after) in risen.items()
    )
    release = deploy.runs or deploy.release
    span = duration(seconds)
    when = f"{span} after its deploy, against before"
    return Message(f"{_name(deploy.service)} {_version(release)}, {when}: {facts}.")


def line(deploy: Deploy) -> str:
    """Return the logfmt line of a deploy that ended."""
    fields = {
        "level": _LEVELS[deploy.outcome or "failed"],
        "msg": f"deploy {(deploy.outcome or '').replace('_', ' ')}",
        "service": deploy.service.name,
        "stack": deploy.service.stack,
        "outcome": deploy.outcome or "",
        "version": deploy.release.version,
        "image": deploy.release.image,
        "before": deploy.before.version if deploy.before else "",
        "revision": deploy.release.revision,
        "deployer": deploy.release.deployer,
        "seconds": f"{deploy.seconds:.1f}",
        "problem": deploy.problem.text,
        "exit_code": "" if deploy.problem.exit_code is None else str(deploy.problem.exit_code),
    }
    return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items() if value)


def metadata(deploy: Deploy) -> Mapping[str, str]:
    """Return what a log store keeps beside the line, to be searched by."""
    return {
        "kind": "deploy",
        "outcome": deploy.outcome or "",
        "version": deploy.release.version,
        "level": _LEVELS[deploy.outcome or "failed"],
    }


def _quoted(value: str) -> str:
    if value and not any(c in ' "=\\' or not c.isprintable() for c in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else " " for c in escaped) + '"'
