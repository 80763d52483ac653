"""Print docs/contracts.md from the contracts themselves: python tools/contracts_page.py > docs/contracts.md."""

from churnlab.tables import CONTRACTS, Contract

INTRODUCTION = """# The table contracts

A contract says what one row of a table is, which columns it has, and which rules they keep. `tables.read(source, "ORDERS")` and
`churnlab check FILE --as ORDERS` check a table against it. Other columns come along as they are. This page is printed by
`tools/contracts_page.py` from the contracts in `churnlab.tables`.

A table may lack a column that is not required. Where a column is there, its cells may be empty only if the page says so.

Kinds: *key* (whole numbers or text), *text*, *date* (a day or a time; ISO 8601 unless the layout says otherwise), *money* (kept to four
decimals, and added up exactly), *number*, *count* (a whole number), *flag* (true or false, 1 or 0).
"""  # noqa: E501 (the page's own lines)


def section(contract: Contract) -> str:
    """Return the part of the page on one contract."""
    lines = [f"## {contract.name}", f"One row is {contract.one_row}.", ""]
    lines += ["| column | kind | unit | required | empty cells | meaning | range | example |", "|---" * 8 + "|"]
    for column in contract.columns:
        limits = [
            "" if column.minimum is None else f"{column.minimum:g} or more",
            "" if column.above is None else f"above {column.above:g}",
            "" if column.below is None else f"below {column.below:g}",
        ]
        bounds = ", ".join(filter(None, limits))
        required = "yes" if column.required else "no"
        empty = "allowed" if column.nullable else "no"
        example = str(contract.example.get(column.name, ""))
        cells = [f"`{column.name}`", column.kind, column.unit, required, empty, column.meaning, bounds, example]
        lines.append(f"| {' | '.join(cells)} |")
    rules = [rule.sentence for rule in contract.rules]
    if contract.unique:
        rules.append(f"`{contract.unique}` must not repeat")
    if rules:
        lines += ["", f"Rules: {'; '.join(rules)}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print("\n".join([INTRODUCTION, *map(section, CONTRACTS.values())]), end="")
