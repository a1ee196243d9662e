"""The `[containers]` table of the settings."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from exporters.containers.deploys.settings import DeploysSettings
from exporters.core.exposition import LABEL_LIMIT, SERIES_LIMIT
from exporters.core.settings import Location, Section, wants


def label_name(label: str) -> str:
    """Return the name under which a container's label is served, as cAdvisor has it."""
    return "container_label_" + re.sub(r"[^a-zA-Z0-9_]", "_", label)


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    if "" in labels or len({label_name(label) for label in labels}) < len(labels):
        raise wants("labels that stay different when all but letters and digits become _")
    return labels


class ContainersSettings(Section):
    """Where the kernel's files are seen, and what is served of them."""

    cgroup_root: Location = Field(
        Path("/sys/fs/cgroup"),
        description="Where the host's cgroup file system is mounted, read only will do."
        " Where it shows no container, the engine's stats API is asked instead.",
    )
    proc_root: Location = Field(
        Path("/proc"),
        description="Where the host's /proc is mounted, for networks, sockets and the pressure on"
        " the host.",
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_distinct)] = Field(
        (),
        description="Labels of containers that their metrics carry as `container_label_…`.",
    )
    series_limit: Annotated[int, Field(ge=1)] = Field(
        SERIES_LIMIT, description="Series that one metric may have; what is over it is left out."
    )
    label_limit: Annotated[int, Field(ge=1)] = Field(
        LABEL_LIMIT, description="Values that one label of a metric may have."
    )
    deploys: DeploysSettings = DeploysSettings()
