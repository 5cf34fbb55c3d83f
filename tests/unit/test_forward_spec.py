"""What SPECs mean, and one line for each wrong one. Data."""

from __future__ import annotations

import pytest

from hostshift.errors import ForwardError
from hostshift.forward.spec import Endpoint, Specs, read

ENVIRON = {"DATABASE_URL": "postgresql://localhost/d", "PGHOST": "localhost", "auto": "x"}


def _at(local: int, host: str = "localhost", port: int = 0, protocol: str = "") -> Endpoint:
    return Endpoint(local=local, host=host, port=port or local, protocol=protocol)


@pytest.mark.parametrize(
    ("words", "means"),
    [
        pytest.param(["5432"], Specs(endpoints=(_at(5432),)), id="a port"),
        pytest.param(["1,65535"], Specs(endpoints=(_at(1), _at(65535))), id="the ends"),
        pytest.param(["5432", "6379"], Specs(endpoints=(_at(5432), _at(6379))), id="two words"),
        pytest.param([" 5432 , ,6379,"], Specs(endpoints=(_at(5432), _at(6379))), id="blanks"),
        pytest.param(["05432"], Specs(endpoints=(_at(5432),)), id="a zero before it"),
        pytest.param(
            ["5433=db:5432"], Specs(endpoints=(_at(5433, "db", 5432),)), id="LOCAL=HOST:PORT"
        ),
        pytest.param(["5433=5432"], Specs(endpoints=(_at(5433, port=5432),)), id="LOCAL=PORT"),
        pytest.param(
            ["5432=postgresql"], Specs(endpoints=(_at(5432, protocol="postgresql"),)), id="protocol"
        ),
        pytest.param(
            ["5432=postgres"], Specs(endpoints=(_at(5432, protocol="postgresql"),)), id="its alias"
        ),
        pytest.param(["cache:6379"], Specs(endpoints=(_at(6379, "cache"),)), id="HOST:PORT"),
        *(
            pytest.param([f"{host}:1"], Specs(endpoints=(_at(1, host),)), id=f"loopback as {host}")
            for host in ("0x7f.1", "017700000001", "2130706433", "127.1", "0")
        ),
        pytest.param(
            ["10.0.0.1:5432"], Specs(endpoints=(_at(5432, "10.0.0.1"),)), id="four numbers"
        ),
        pytest.param(
            ["1=[fd00::1]:2"], Specs(endpoints=(_at(1, "fd00::1", 2),)), id="IPv6 in brackets"
        ),
        pytest.param(["DATABASE_URL"], Specs(variables=("DATABASE_URL",)), id="a variable"),
        pytest.param(
            ["PGHOST", "PGHOST"], Specs(variables=("PGHOST",)), id="a variable twice is one"
        ),
        pytest.param(["auto"], Specs(auto=True), id="auto, whatever variables there are"),
        pytest.param(
            ["auto", "27017,27018"],
            Specs(endpoints=(_at(27017), _at(27018)), auto=True),
            id="auto and ports",
        ),
    ],
)
def test_what_specs_mean(words: list[str], means: Specs) -> None:
    assert read(words, ENVIRON) == means


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "there is no SPEC"),
        ([","], "there is no SPEC"),
        (["0"], "0 is no port: a port is a number from 1 to 65535"),
        (["65536"], "65536 is no port"),
        (["123456789"], "'999999999' is no port"),
        (["-1"], "'-9' is no SPEC"),
        (["\u0665"], "'9' is no SPEC"),
        (["5432=0"], "0 is no port"),
        (["0=db:1"], "0 is no port"),
        (["1=db:0"], "0 is no port"),
        (["1=db:x"], "'9=xx:x' is no SPEC"),
        (["1=:2"], "'9=:9' is no SPEC"),
        (["1="], "'9=' is no SPEC"),
        (["=1"], "'=9' is no SPEC"),
        (["x=1"], "'x=9' is no SPEC"),
        (["1=klingon"], "'9=xxxxxxx' is no SPEC"),
        (["1=sqlite"], "'9=xxxxxx' is no SPEC"),
        (["1=fd00::1:2"], "'9=xx99::9:9' is no SPEC"),
        (["NOT_SET"], "NOT_SET is not a variable that is set"),
        (["5432,5432"], "two SPECs are for port 5432"),
        (["5432", "5432=db:5432"], "two SPECs are for port 5432"),
        (["db:5432,cache:5432"], "two SPECs are for port 5432"),
        (["postgresql://u:s3cret@h/d"], "'xxxxxxxxxx://x:x9xxxx@x/x' is no SPEC"),
        (["6432:5432"], "'9999:9999' is no SPEC: 6432 is no host, but 6432=5432 listens on 6432"),
        (["5432:5432"], "'9999:9999' is no SPEC: 5432 is no host, but 5432=5432"),
        (["1=6432:5432"], "'9=9999:9999' is no SPEC: 6432 is no host. A SPEC is"),
        (["0x1938:5432"], "'9x9999:9999' is no SPEC: the address of a host is four numbers"),
        (["10.1:5432"], "'99.9:9999' is no SPEC: the address of a host is four numbers"),
        (["3232235777:5432"], "'9999999999:9999' is no SPEC: the address of a host"),
        (["010.0.0.1:5432"], "'999.9.9.9:9999' is no SPEC: the address of a host"),
        (["5432=postgresql://u:s3cret@h/d"], "'9999=xxxxxxxxxx://x:x9xxxx@x/x' is no SPEC"),
    ],
)
def test_a_wrong_spec_is_one_line(words: list[str], line: str) -> None:
    with pytest.raises(ForwardError) as refused:
        read(words, ENVIRON)
    said = str(refused.value)
    assert said.startswith(line)
    assert "\n" not in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        (_at(5432), "localhost:5432"),
        (_at(5433, port=5432), "localhost:5433 for localhost:5432"),
        (_at(6379, "cache"), "localhost:6379 for cache:6379"),
        (_at(1, "127.0.0.1"), "localhost:1"),
    ],
)
def test_an_endpoint_for_people(endpoint: Endpoint, shown: str) -> None:
    assert str(endpoint) == shown
