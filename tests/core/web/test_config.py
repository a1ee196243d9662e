"""A web configuration is understood as exporter-toolkit does, or refused in a line a problem."""

from pathlib import Path
from ssl import CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, TLSVersion, VerifyMode

import bcrypt
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporters.core.errors import SettingsError
from exporters.core.web.config import RateLimit, WebConfig, parse, parse_all
from exporters.core.web.fields import read_yaml
from exporters.core.web.tls import SETTINGS, TlsConfig

HERE = Path("/etc/nearfield")
HASH = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
HEADERS = "http_server_config.headers"
CLIENT_AUTH = (
    "NoClientCert",
    "RequestClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
)
PAIR = "cert_file: s.pem, key_file: s.key"


def problems_of(text: str | bytes) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text.encode() if isinstance(text, str) else text, HERE)
    return list(caught.value.problems)


def tls_of(settings: str) -> TlsConfig:
    config = parse(f"tls_server_config: {{{PAIR}, {settings}}}".encode(), HERE).tls
    assert config
    return config


def tls_problems_of(settings: str) -> list[str]:
    problems = problems_of(f"tls_server_config: {{{PAIR}, {settings}}}")
    return [problem.removeprefix("tls_server_config.") for problem in problems]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "{}", "~", "tls_server_config:\nrate_limit: {}"]
)
def test_an_empty_file_asks_nothing(text: str) -> None:
    assert parse(text.encode(), HERE) == WebConfig()


def test_the_sample_of_the_format_is_understood() -> None:
    config = parse(
        f"""
        tls_server_config:
          cert_file: server.crt
          key_file: /run/secrets/server.key
        http_server_config:
          http2: false
          headers:
            X-Frame-Options: deny
            Strict-Transport-Security: max-age=31536000
            X-XSS-Protection: ""
        basic_auth_users:
          alice: {HASH}
          yes: {HASH}
        rate_limit:
          interval: 1s
          burst: 20
        """.encode(),
        HERE,
    )
    assert config.tls
    assert config.files == (HERE / "server.crt", Path("/run/secrets/server.key"))
    assert (config.tls.min_version, config.tls.max_version) == (
        TLSVersion.TLSv1_2,
        TLSVersion.TLSv1_3,
    )
    assert config.headers == {
        "X-Frame-Options": "deny",
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert config.users == {b"alice": HASH.encode(), b"yes": HASH.encode()}
    assert config.rate_limit == RateLimit(1.0, 20)


def test_every_problem_is_told_at_once() -> None:
    assert problems_of(
        """
        tls_server_config:
          cert_fil: s.pem
          key_file: [s.key]
          min_version: TLS14
          client_auth_type: Verify
        http_server_config: {http2: maybe, headers: {X-Frame-Option: deny}}
        basic_auth_users: {alice: secret}
        rate_limits: {}
        """
    ) == [
        'rate_limits: unknown setting; did you mean "rate_limit"?',
        'tls_server_config.cert_fil: unknown setting; did you mean "cert_file"?',
        "tls_server_config.key_file: wants text",
        f"tls_server_config.client_auth_type: wants one of {', '.join(CLIENT_AUTH)}",
        "tls_server_config.min_version: wants one of TLS12, TLS13",
        "tls_server_config.cert_file: is missing; TLS needs a certificate and its key",
        "tls_server_config.key_file: is missing; TLS needs a certificate and its key",
        "http_server_config.http2: wants true or false",
        f'{HEADERS}.X-Frame-Option: unknown setting; did you mean "X-Frame-Options"?',
        "basic_auth_users.alice: wants a bcrypt hash, as `htpasswd -nBC 10 NAME` prints it",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "line 1: is not YAML"),
        ("rate_limit: {}\nrate_limit: {}", "line 2: rate_limit again"),
        ("basic_auth_users:\n  a: b\n  a: c", "line 3: a again"),
        ("just text", "wants a mapping of names and values"),
        ("[]", "wants a mapping of names and values"),
        ("--- {}\n--- {}", "line 2: is not YAML"),
        ("basic_auth_users: {? [alice] : x}", "line 1: is not YAML"),
        ('rate_limit: "\\UFFFFFFFF"', "is not YAML"),
        ("[" * 1000, "is not YAML"),
        (b"\xff\xff", "is not YAML"),
        (b"a: \x00", "is not YAML"),
        ("rate_limit: [1]", "rate_limit: wants a mapping of names and values"),
    ],
)
def test_what_is_no_mapping_in_yaml_is_one_line(text: str | bytes, problem: str) -> None:
    assert problems_of(text) == [problem]


def test_a_problem_never_shows_a_secret() -> None:
    secret = "hunter2hunter2"
    text = f"""
        tls_server_config: {{key: {secret}, cert: [{secret}], min_version: {secret}}}
        basic_auth_users: {{alice: {secret}}}
        rate_limit: {{interval: {secret}, burst: {secret}}}
        """
    assert secret not in " ".join(problems_of(text))
    assert secret not in " ".join(problems_of(f"basic_auth_users: {{alice: *{secret}}}"))


def test_the_repr_of_a_configuration_shows_no_secret() -> None:
    key = "-----BEGIN PRIVATE KEY-----"
    text = f"tls_server_config: {{cert: c, key: '{key}'}}\nbasic_auth_users: {{alice: {HASH}}}"
    config = parse(text.encode(), HERE)
    assert config.users
    assert config.tls
    assert config.tls.key.text == key
    assert key not in repr(config)
    assert HASH not in repr(config)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("NoClientCert", CERT_NONE),
        ("RequestClientCert", CERT_NONE),
        ("VerifyClientCertIfGiven", CERT_OPTIONAL),
        ("RequireAndVerifyClientCert", CERT_REQUIRED),
    ],
)
def test_each_way_to_ask_for_client_certificates_has_its_mode(name: str, mode: VerifyMode) -> None:
    ca = "" if name == "NoClientCert" else "client_ca_file: ca.pem,"
    assert tls_of(f"{ca} client_auth_type: {name}").client_auth is mode


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("client_ca_file: ca.pem", "client_auth_type: wants RequireAndVerifyClientCert beside"),
        ("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: is missing"),
        ("client_auth_type: VerifyClientCertIfGiven", "client_ca_file: is missing"),
        ("client_auth_type: RequireAnyClientCert", "client_auth_type: RequireAnyClientCert asks"),
        ("client_auth_type: RequireClientCert", "client_auth_type: RequireClientCert asks"),
        ("client_allowed_sans: [a]", "client_allowed_sans: needs client_auth_type Require"),
        ("client_allowed_sans: []", "client_allowed_sans: is an empty list"),
        ("client_allowed_sans: a", "client_allowed_sans: wants a list"),
        ("cert: x", "cert: is there beside cert_file"),
        ("min_version: TLS10", "min_version: that version is retired (RFC 8996)"),
        ("max_version: TLS11", "max_version: that version is retired (RFC 8996)"),
        ("min_version: TLS13, max_version: TLS12", "min_version: is newer than max_version"),
        ("curve_preferences: [X25519, CurveP256]", "curve_preferences: Python takes one curve"),
        ("curve_preferences: [P256]", "curve_preferences: wants one of CurveP256"),
        (
            "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM]",
            "cipher_suites: TLS_ECDHE_RSA_WITH_AES_128_GCM is not among the suites that Go holds",
        ),
        (
            "cipher_suites: [TLS_AES_128_GCM_SHA256], max_version: TLS12",
            "cipher_suites: has none for TLS12",
        ),
    ],
)
def test_tls_that_cannot_be_had_is_refused_in_one_line(settings: str, problem: str) -> None:
    (told,) = tls_problems_of(settings)
    assert told.startswith(problem)


def test_ciphers_and_curves_get_the_names_of_openssl() -> None:
    config = tls_of(
        "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256,"
        " TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256], curve_preferences: [CurveP384]"
    )
    assert config.ciphers == ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305")
    assert config.curve == "secp384r1"
    assert config.min_version is TLSVersion.TLSv1_2


def test_suites_of_tls_1_3_alone_require_tls_1_3() -> None:
    assert tls_of("cipher_suites: [TLS_AES_128_GCM_SHA256]").min_version is TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("Set-Cookie: a", "Set-Cookie: unknown setting"),
        ("X-Frame-Options: allow", "X-Frame-Options: wants deny or sameorigin"),
        ("X-Content-Type-Options: sniff", "X-Content-Type-Options: wants nosniff"),
        (r'Content-Security-Policy: "a\r\nSet-Cookie: b"', "Content-Security-Policy: wants print"),
        (r'X-XSS-Protection: "\u2028"', "X-XSS-Protection: wants printable ASCII"),
    ],
)
def test_only_headers_of_security_can_be_set(header: str, problem: str) -> None:
    (told,) = problems_of(f"http_server_config: {{headers: {{{header}}}}}")
    assert told.startswith(f"{HEADERS}.{problem}")


@pytest.mark.parametrize(
    ("name", "secret", "problem"),
    [
        ("alice", "password", "wants a bcrypt hash"),
        ("alice", "", "wants a bcrypt hash"),
        ("alice", HASH[:-1], "wants a bcrypt hash"),
        ("alice", HASH + "x", "wants a bcrypt hash"),
        ("alice", HASH.replace("$04$", "$03$"), "wants a bcrypt hash"),
        ("alice", HASH.replace("$04$", "$32$"), "wants a bcrypt hash"),
        ("alice", HASH.replace("$04$", "$16$"), "wants a bcrypt cost of at most 15"),
        ('"a:b"', HASH, "no client can send a name with a colon in it"),
    ],
    # Workers compare the names of tests, and the hash has another salt in each.
    ids=["text", "empty", "short", "long", "cost 3", "cost 32", "cost 16", "colon"],
)
def test_a_user_needs_a_hash_that_can_be_checked_in_time(
    name: str, secret: str, problem: str
) -> None:
    (told,) = problems_of(f"basic_auth_users: {{{name}: {secret!r}}}")
    assert problem in told


@pytest.mark.parametrize("letters", ["a", "b", "x", "y"])
def test_every_variant_of_bcrypt_is_taken(letters: str) -> None:
    text = f"basic_auth_users: {{alice: {HASH.replace('$2b$', f'$2{letters}$')}}}"
    assert parse(text.encode(), HERE).users


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [("1s", 1.0), ("1.5s", 1.5), ("100ms", 0.1), ("1m30s", 90.0), ("250us", 0.00025), ("2h", 7200)],
)
def test_the_interval_of_the_rate_limit_is_written_as_in_go(interval: str, seconds: float) -> None:
    text = f"rate_limit: {{interval: {interval}, burst: 3}}"
    assert parse(text.encode(), HERE).rate_limit == RateLimit(seconds, 3)


@pytest.mark.parametrize("settings", ["interval: 0", "interval: 0s, burst: 5", "burst: 5"])
def test_without_an_interval_there_is_no_rate_limit(settings: str) -> None:
    assert parse(f"rate_limit: {{{settings}}}".encode(), HERE).rate_limit is None


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("interval: 5, burst: 1", "rate_limit.interval: wants a duration with its unit"),
        ("interval: -5s, burst: 1", "rate_limit.interval: wants a duration with its unit"),
        ("interval: 1s", "rate_limit.burst: wants at least 1"),
        ("interval: 1s, burst: 0", "rate_limit.burst: wants at least 1"),
        ("interval: 1s, burst: 1.5", "rate_limit.burst: wants a whole number"),
        ("interval: 1s, burst: ٣", "rate_limit.burst: wants a whole number"),
    ],
)
def test_a_rate_limit_that_makes_no_sense_is_refused(settings: str, problem: str) -> None:
    (told,) = problems_of(f"rate_limit: {{{settings}}}")
    assert told.startswith(problem)


SCALARS = st.one_of(
    st.text(),
    st.sampled_from(["TLS12", "TLS13", "1s", "0", "20", HASH, "deny", "true", "s.pem", "\0", "~"]),
    st.sampled_from(["RequireAndVerifyClientCert", "X25519", "TLS_AES_128_GCM_SHA256", "::1"]),
    st.integers() | st.floats() | st.booleans() | st.none() | st.dates() | st.binary(),
)
NAMES = st.sampled_from(
    [*SETTINGS, "http2", "headers", "interval", "burst", "X-Frame-Options", "X-XSS-Protection"]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "tls_server_config": st.dictionaries(NAMES, TREES),
        "http_server_config": st.dictionaries(NAMES, TREES),
        "basic_auth_users": st.dictionaries(st.text(), SCALARS),
        "rate_limit": st.dictionaries(st.sampled_from(["interval", "burst"]), SCALARS),
    },
)


MARKS = "ab:-?[]{}&*!|>'\"%@`#,\\U0f \n\t~<"


def holds(text: bytes) -> None:
    """A text gives a configuration, or problems of one line each."""
    config, problems = parse_all(text, HERE)
    assert isinstance(config, WebConfig)
    assert all(problem and problem.splitlines() == [problem] for problem in problems)


@given(st.one_of(TREES, SECTIONS))
def test_any_tree_is_a_configuration_or_problems(tree: object) -> None:
    holds(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


@given(st.one_of(st.binary(), st.text(alphabet=MARKS).map(str.encode)))
@example(b'"\\ud800": "\\ud800"')
@example(b'basic_auth_users: {"\\ud800": \'' + HASH.encode() + b"'}")
@example(b"%YAML 1." + b"1" * 5000 + b"\n--- a")
@example(b"&a [*a]")
@example(b"!!python/object/apply:os.system [id]")
def test_any_bytes_are_a_configuration_or_problems(text: bytes) -> None:
    holds(text)


def test_no_tag_of_yaml_has_power() -> None:
    problems: list[str] = []
    assert read_yaml(b"!!python/object/apply:os.getcwd []", problems) == []
    assert problems == []
