"""On thousands of strings the drivers' own parsers see the new address, nothing else changed."""

from __future__ import annotations

import pytest

from tools.differential import CASES, run


@pytest.mark.parametrize(("named", "most"), [(True, 0.005), (False, 0.02)])
def test_the_drivers_see_what_was_meant(named: bool, most: float) -> None:
    """With the dialect, and by the text alone."""
    table = run(28_000, seed=1, named=named)
    assert set(table) == set(CASES)
    assert [name for name, counts in table.items() if counts["damaged"]] == []
    for name, counts in table.items():
        read = counts["exact"] + counts["left alone"]
        assert read > 2800, name
        # Raw @ and / in passwords are among them: SQLAlchemy's own host is odd then.
        assert counts["left alone"] / read < 0.05, name
        assert not (named and counts["consumers differ"])
    alone = sum(counts["left alone"] for counts in table.values())
    assert alone / sum(counts["exact"] + counts["left alone"] for counts in table.values()) <= most
