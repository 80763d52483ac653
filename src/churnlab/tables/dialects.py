"""What differs between engines in the SQL that reads and checks a raw table."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from churnlab.engines import quote_name, quote_text
from churnlab.errors import ParameterError

__all__ = ["DIALECTS", "Dialect"]


class Dialect:
    """How an engine says the few things that engines say differently.

    Each takes and returns SQL text, and gives NULL where the text does not fit. Timestamps are without a zone.
    """

    def quote(self, name: str) -> str:
        """Return `name` as an identifier."""
        return quote_name(name)

    def number(self, value: str) -> str:
        """Return a text, or a number of any kind, as DOUBLE."""
        return f"TRY_CAST({value} AS DOUBLE)"

    def matches(self, text: str, pattern: str) -> str:
        """Whether a regular expression without a backslash is found in a text."""
        return f"regexp_matches({text}, {quote_text(pattern)})"

    def timestamp(self, value: str) -> str:
        """Return a date or a timestamp without a zone as a timestamp."""
        return f"CAST({value} AS TIMESTAMP)"

    def local(self, moment: str, zone: str | None) -> str:
        """Return what the clocks of a zone (by default UTC) show at a timestamp with a zone."""
        return f"timezone({quote_text(zone or 'UTC')}, {moment})"

    def usual(self, text: str) -> str:
        """Return the first branches of a CASE: a text in one of the two usual forms, read in half the time of the others."""
        forms = {"____-__-__ __:__:__": "%Y-%m-%d %H:%M:%S", "____-__-__": "%Y-%m-%d"}
        return "".join(f"WHEN {text} LIKE '{shape}' THEN {self.parsed(text, codes)} " for shape, codes in forms.items())

    def iso(self, text: str) -> str:
        """Return a text in ISO 8601 without a zone as a timestamp."""
        return f"TRY_CAST({text} AS TIMESTAMP)"

    def zoned(self, text: str) -> str:
        """Return a text in ISO 8601 with a zone as a timestamp with a zone."""
        return f"TRY_CAST({text} AS TIMESTAMPTZ)"

    def parsed(self, text: str, codes: str) -> str:
        """Return a text written in the codes of strptime as a timestamp, with a zone where the codes have one."""
        return f"try_strptime({text}, {quote_text(codes)})"

    def serial(self, seconds: str) -> str:
        """Return the timestamp so many seconds after day 0 of Excel."""
        return f"TIMESTAMP '1899-12-30' + to_seconds({seconds})"

    def numbered(self) -> str:
        """Return the number of a row in the order in which rows came."""
        return "row_number() OVER ()"


class SparkDialect(Dialect):
    """How Spark says it. Its rows have no order; a timestamp's clock is the session's unless a zone is asked for."""

    def quote(self, name: str) -> str:
        """Return `name` as an identifier."""
        return "`" + name.replace("`", "``") + "`"

    def number(self, value: str) -> str:
        """Return a text, or a number of any kind, as DOUBLE; Java's 7d and 7f are no numbers."""
        return f"CASE WHEN NOT CAST({value} AS STRING) RLIKE '[0-9.][dDfF] *$' THEN TRY_CAST({value} AS DOUBLE) END"

    def matches(self, text: str, pattern: str) -> str:
        """Whether a regular expression without a backslash is found in a text."""
        return f"{text} RLIKE {quote_text(pattern)}"

    def timestamp(self, value: str) -> str:
        """Return a date or a timestamp without a zone as a timestamp."""
        return f"CAST({value} AS TIMESTAMP_NTZ)"

    def local(self, moment: str, zone: str | None) -> str:
        """Return what the clocks of a zone (by default the session's) show at a timestamp with a zone."""
        shown = f"CAST({moment} AS TIMESTAMP_NTZ)"
        return shown if zone is None else f"convert_timezone({quote_text(zone)}, {shown})"

    def usual(self, text: str) -> str:
        """Return nothing: all of ISO 8601 is read alike."""
        return ""

    def iso(self, text: str) -> str:
        """Return a text in ISO 8601 without a zone as a timestamp; a month without a day is none."""
        dashes = f"replace({text}, '/', '-')"
        return f"CASE WHEN {dashes} RLIKE '-.+-' THEN TRY_CAST({dashes} AS TIMESTAMP_NTZ) END"

    def zoned(self, text: str) -> str:
        """Return a text in ISO 8601 with a zone as a timestamp with a zone."""
        return f"TRY_CAST(replace({text}, '/', '-') AS TIMESTAMP)"

    def parsed(self, text: str, codes: str) -> str:
        """Return a text written in the codes of strptime as a timestamp."""
        return f"try_to_timestamp({text}, {quote_text(_java_pattern(codes))})"

    def serial(self, seconds: str) -> str:
        """Return the timestamp so many seconds after day 0 of Excel."""
        return f"timestampadd(SECOND, {seconds}, TIMESTAMP_NTZ '1899-12-30 00:00:00')"

    def numbered(self) -> str:
        """Return NULL, since rows have no order."""
        return "CAST(NULL AS BIGINT)"


_JAVA = {"%Y": "yyyy", "%y": "yy", "%m": "M", "%d": "d", "%H": "H", "%M": "m", "%S": "s", "%b": "MMM", "%B": "MMMM"}


def _java_pattern(codes: str) -> str:
    """Pattern of Java's dates: a letter stands for one digit or two, and is doubled where codes touch."""
    tokens = re.findall("%.|[^%]+", codes)
    unknown = [token for token in tokens if token[0] == "%" and token not in _JAVA]
    if unknown:
        raise ParameterError(
            f"`date_format` holds {', '.join(unknown)}, which Spark cannot read. It reads {', '.join(_JAVA)}."
        )
    times = 2 if re.search("%.%", codes) else 1
    return "".join(_java_word(token, times) for token in tokens)


def _java_word(token: str, times: int) -> str:
    word = _JAVA.get(token)
    if word is None:
        return re.sub("([A-Za-z]+)", r"'\1'", token)
    return word * times if len(word) == 1 else word


DIALECTS: Mapping[str, Dialect] = MappingProxyType({"duckdb": Dialect(), "spark": SparkDialect()})
