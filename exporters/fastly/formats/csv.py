"""How DuckDB reads the CSV of Fastly's older endpoints, which no CSV reader understands.

Twelve fields behind a syslog prefix, or eleven without one and without the country's code:

    <134>2016-10-14T16:56:41Z cache-jfk8141 S3TheShow[81772]: ADDRESS,[TIME],PATH,BYTES,STATUS,
    "AGENT",LATITUDE,LONGITUDE,"CITY",CONTINENT,CODE,"COUNTRY"

An agent is quoted but not escaped, so that it may hold quotes and commas; junk URLs hold commas;
what is not known is `(null)`, quoted or not. Counting commas from the left finds only the agent's
start, from the right only its end. Lines without surprises are cut at commas and quotes, which is
ten times as fast as the pattern for the others.
"""

CSV_FACTS = (
    "pop",
    "client_ip",
    "time",
    "path",
    "body_bytes",
    "status",
    "user_agent",
    "continent",
    "country",
    "country_name",
)

_UNKNOWN = r"\(null\)"
_PREFIX = r"(?:<[0-9]+>[^ ]+ [^ ]+ [^:]*: )?"
_HEAD = r'[^,"]*,\[[^\]"]*\],[^,"]*,[0-9]+,[0-9]{3},'
_PLACE = r"-?[0-9.]*,-?[0-9.]*,"
_TWELVE = f'^{_PREFIX}{_HEAD}"[^"]*",{_PLACE}"[^"]*",[A-Z]{{2}},[A-Z]{{2}},"[^"]*"$'
_ELEVEN = f'^{_HEAD}(?:"[^"]*"|[^,"]*),{_PLACE}[^,"]*,[A-Za-z]{{2}},[^,"]*$'
_ANY = "".join(
    (
        r"^(?:<[0-9]+>\S+ (?P<pop>\S+) [^:]*: )?",
        r'"?(?P<client_ip>[^,"]*)"?,',
        r'"?\[(?P<time>[^\]]*)\]"?,',
        r'"?(?P<path>.*?)"?,',
        rf'"?(?P<body_bytes>[0-9]+|-|{_UNKNOWN})"?,',
        rf'"?(?P<status>[0-9]{{3}}|-|{_UNKNOWN})"?,',
        r"(?P<user_agent>.*?),",
        rf'"?(?:-?[0-9.]*|{_UNKNOWN})"?,"?(?:-?[0-9.]*|{_UNKNOWN})"?,',
        r'(?:"[^"]*"|[^",]*),',
        rf'"?(?P<continent>[A-Za-z]{{2}}|{_UNKNOWN}|)"?,',
        rf'(?:"?(?P<country>[A-Za-z]{{2}}|{_UNKNOWN}|)"?,)?',
        r'(?P<country_name>"[^"]*"|[^",]*?)\s*$',
    )
)

SHAPE = (
    f"CASE WHEN regexp_matches(line, '{_TWELVE}') THEN 12"
    f" WHEN regexp_matches(line, '{_ELEVEN}') THEN 11 END"
)
"""How many fields a line without surprises has; NULL for any other line."""

_LEFT = {
    "time": "trim(commas[2], '[]')",
    "path": "commas[3]",
    "body_bytes": "commas[4]",
    "status": "commas[5]",
}
_CUT = {
    12: _LEFT
    | {
        "pop": "split_part(commas[1], ' ', 2)",
        "client_ip": "split_part(commas[1], ' ', -1)",
        "user_agent": "quotes[2]",
        "continent": "commas[-3]",
        "country": "commas[-2]",
        "country_name": "quotes[6]",
    },
    11: _LEFT
    | {
        "pop": "NULL",
        "client_ip": "commas[1]",
        "user_agent": "coalesce(quotes[2], commas[6])",
        "continent": "commas[-2]",
        "country": "NULL",
        "country_name": "commas[-1]",
    },
}
_MATCHED = {fact: f"f.{fact}" for fact in CSV_FACTS} | {
    # Quoted once, twice, or by the rules of CSV.
    "user_agent": "replace(trim(f.user_agent, '\"'), '\"\"', '\"')",
    "country_name": "trim(f.country_name, '\"')",
}


def csv_fields() -> str:
    """Return the expression for a struct of CSV_FACTS, or NULL.

    It reads the columns `line`, `shape` (SHAPE), and `commas` and `quotes`: the line cut at them.
    """
    names = ", ".join(f"'{name}'" for name in CSV_FACTS)
    found = f"regexp_extract(line, '{_ANY}', [{names}])"
    matched = f"lambda f: CASE WHEN f.status <> '' THEN {_struct(_MATCHED)} END"
    return (
        f"CASE shape WHEN 12 THEN {_struct(_CUT[12])} WHEN 11 THEN {_struct(_CUT[11])}"
        f" ELSE list_transform([{found}], {matched})[1] END"
    )


def _struct(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"'{fact}': {values[fact]}" for fact in CSV_FACTS) + "}"
