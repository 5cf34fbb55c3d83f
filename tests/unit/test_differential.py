"""On thousands of strings the drivers' own parsers see the new address, nothing else changed."""

from __future__ import annotations

from tools.differential import CASES, run


def test_the_drivers_see_what_was_wanted() -> None:
    table = run(7000, seed=1)
    assert set(table) == set(CASES)
    assert [name for name, counts in table.items() if counts["damaged"]] == []
    for name, counts in table.items():
        read = counts["exact"] + counts["left alone"]
        assert read > 700, name
        # Raw @ and / in passwords are among them: SQLAlchemy's own host is odd then.
        assert counts["left alone"] / read < 0.03, name
    alone = sum(counts["left alone"] for counts in table.values())
    assert alone / sum(counts["exact"] + counts["left alone"] for counts in table.values()) <= 0.01
