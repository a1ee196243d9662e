"""How DuckDB reads the CSV of Fastly's older endpoints, which no CSV reader understands.

Twelve fields behind a syslog prefix, or eleven without one and without the country's code:

    <134>2016-10-14T16:56:41Z cache-jfk8141 S3TheChangelog[81772]: ADDRESS,[TIME],PATH,BYTES,STATUS,
    "AGENT",LATITUDE,LONGITUDE,"CITY",CONTINENT,CODE,"COUNTRY"

The agent is quoted but not escaped, so that it may hold quotes and commas; junk URLs hold commas;
what is not known is `(null)`, quoted or not. Counting commas from the left finds the agent's start
only, from the right only its end. Lines without surprises are split at their commas, eight times
as fast as by the pattern, which is for the rest.
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
_PATTERN = "".join(
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
        r'(?P<country_name>"[^"]*"|[^",]*)\s*$',
    )
)


def csv_struct() -> str:
    """Return the expression that makes of `line` a struct of CSV_FACTS, or NULL."""
    names = ", ".join(f"'{name}'" for name in CSV_FACTS)
    found = f"regexp_extract(line, '{_PATTERN}', [{names}])"
    values = ", ".join(f"'{fact}': {_value(fact)}" for fact in CSV_FACTS)
    return f"list_transform([{found}], lambda f: CASE WHEN f.status <> '' THEN {{{values}}} END)[1]"


def _value(fact: str) -> str:
    if fact == "user_agent":
        # Quoted once, twice, or by the rules of CSV.
        return "replace(trim(f.user_agent, '\"'), '\"\"', '\"')"
    if fact == "country_name":
        return "trim(f.country_name, '\"')"
    return f"f.{fact}"
