"""What `[logs]` says of the sink: where Loki is, how lines wait, what becomes of refused ones."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from exporters.core.quantities import Duration, Size
from exporters.core.settings import Location, Section, wants

_URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[A-Za-z0-9.\-_~/]*)?")
_PUSH = "/loki/api/v1/push"
_HEADER = re.compile(r"[!-~]([ -~]*[!-~])?")
_SMALLEST_QUEUE = 8 * 1024 * 1024
_LARGEST_BATCH = 4 * 1024 * 1024


def _http(value: str) -> str:
    if not _URL.fullmatch(value):
        raise wants(
            'an address without credentials, such as "http://loki:3100"; for those there are'
            " loki_username and loki_password, or loki_token"
        )
    return value.rstrip("/").removesuffix(_PUSH)


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise wants("text without line breaks, as a header can carry it")
    return value


class LokiSettings(Section):
    """Where lines go, and how they wait for it."""

    loki_url: Annotated[str, AfterValidator(_http)] | None = Field(
        default=None,
        description="Address of Loki, or of the gateway before it. Without it no logs are shipped.",
    )
    loki_tenant: Annotated[str, AfterValidator(_header)] | None = Field(
        default=None,
        description="Tenant that lines belong to (`X-Scope-OrgID`), where Loki has several.",
    )
    loki_username: Annotated[str, AfterValidator(_header)] | None = Field(
        default=None, description="User name for basic authentication, with `loki_password`."
    )
    loki_password: SecretStr | None = Field(
        default=None, description="Password for basic authentication."
    )
    loki_token: SecretStr | None = Field(
        default=None, description="Bearer token, in place of a user name and a password."
    )
    loki_ca_file: Location | None = Field(
        default=None, description="Certificates that Loki's is checked by; else the system's."
    )
    loki_cert_file: Location | None = Field(
        default=None, description="Our certificate, where Loki asks for one."
    )
    loki_key_file: Location | None = Field(default=None, description="The key of our certificate.")
    encoding: Literal["protobuf", "json"] = Field(
        default="protobuf",
        description="Body of a push: `protobuf` in snappy, the faster, or `json` in gzip.",
    )
    batch_size: Size = Field(
        default=1024 * 1024,
        description="Bytes of lines that are pushed at once, before compression.",
    )
    batch_age: Duration = Field(
        default=1.0, description="How long the first line of a batch waits for others."
    )
    push_timeout: Duration = Field(
        default=30.0, description="How long Loki may take to answer a push."
    )
    queue_size: Size = Field(
        default=1024**3,
        description="Bytes on disk that may wait while Loki is away; over it the oldest go.",
    )
    max_line_size: Size = Field(
        default=256 * 1024, description="Longest line that Loki takes (its `max_line_size`)."
    )
    too_long: Literal["clamp", "refuse"] = Field(
        default="clamp", description="What becomes of a longer one: `clamp` cuts it."
    )
    max_line_age: Duration = Field(
        default=7 * 86400.0,
        description="Oldest line that Loki takes (its `reject_old_samples_max_age`).",
    )
    refused: Literal["keep", "drop"] = Field(
        default="keep",
        description="What becomes of lines that Loki refuses: `keep` writes them to"
        " `loki/refused.jsonl` under `data_dir`, at most 32 MiB of them, the oldest go.",
    )

    @field_validator("loki_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            _header(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.loki_cert_file is None) != (self.loki_key_file is None):
            raise wants("loki_cert_file and loki_key_file together, or neither")
        if (self.loki_username is None) != (self.loki_password is None):
            raise wants("loki_username and loki_password together, or neither")
        if self.loki_token and self.loki_username is not None:
            raise wants("loki_token, or loki_username and loki_password, not both")
        if self.queue_size < _SMALLEST_QUEUE:
            raise wants('a queue_size of at least "8MiB"')
        if self.batch_size > _LARGEST_BATCH:
            raise wants('a batch_size of at most "4MiB": Loki takes bursts of 6 MB')
        return self
