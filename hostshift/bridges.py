"""The bridges that a container engine made on this machine, and their networks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.surroundings import Interface


def networks(known_gateways: Sequence[str] = ()) -> tuple[str, ...] | None:
    """Return the networks of the bridges that an engine made on this machine.

    Other bridges are somebody else's: a host's LAN (``br0``), libvirt's ``virbr0``,
    ``lxcbr0``. A bridge is an engine's by its name, or by its address.

    Args:
        known_gateways: the gateways of an engine's networks, as it tells them: so a bridge
            counts whose name the user chose. Not a bridge of an ``--internal`` network
            then, which has no gateway.

    Returns:
        The networks, as ``172.17.0.0/16``; None where netlink could not be read.

    """
    from hostshift import netlink

    try:
        found = netlink.interfaces()
    except netlink.FAILURES:
        return None
    made = [one for one in found if one.kind == "bridge" and _is_engines(one, known_gateways)]
    return tuple(network for one in made for network in one.networks)


def _is_engines(bridge: Interface, gateways: Sequence[str]) -> bool:
    """Return True if an engine made a bridge.

    Names: moby daemon/libnetwork/drivers/bridge/bridge_linux.go (``docker0``; ``br-`` and
    12 digits of the network's id) and default_gateway_linux.go (``docker_gwbridge``);
    containers/common libnetwork/netavark/const.go and libnetwork/cni/cni_types.go.
    """
    if not set(gateways).isdisjoint(bridge.addresses):
        return True
    name = bridge.name
    if name in ("docker0", "docker_gwbridge"):
        return True
    digits = name.removeprefix("br-")
    if digits != name:
        return len(digits) == 12 and not digits.strip("0123456789abcdef")
    digits = name.removeprefix("cni-").removeprefix("podman")
    return digits.isdecimal() and name in (f"podman{digits}", f"cni-podman{digits}")
