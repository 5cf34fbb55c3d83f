"""The networks of the bridges that a container engine made on this machine."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.detect.interface import Interface


def networks(known_gateways: Sequence[str] = ()) -> tuple[str, ...] | None:
    """Return the networks of the bridges that an engine made on this machine.

    Other bridges do not count: a host's LAN (``br0``), libvirt's ``virbr0``, ``lxcbr0``. The
    name or the address of a bridge shows that it is an engine's.

    Args:
        known_gateways: the gateways of an engine's networks, from the engine. With them a
            bridge counts even if the user chose its name, but not the bridge of an
            ``--internal`` network, which has no gateway.

    Returns:
        The networks, as ``172.17.0.0/16``; None if netlink could not be read.

    """
    from hostshift.detect import netlink

    try:
        interfaces = netlink.interfaces()
    except netlink.FAILURES:
        return None
    return tuple(
        network
        for interface in interfaces
        if interface.kind == "bridge" and _is_engines(interface, known_gateways)
        for network in interface.networks
    )


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
