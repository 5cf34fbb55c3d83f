"""Which product carries this machine, where that can be told: its table of evidence. Pure.

It answers none of the three questions. It says where a container's host is only
reached by a name that the product's own DNS knows, because the container's
gateway belongs to a virtual machine; and it is worth knowing in a bug report.
"""

from __future__ import annotations

from hostshift.evidence import signs
from hostshift.evidence.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.evidence.table import Sign
    from hostshift.surroundings import Surroundings

GUEST_PLATFORMS = {
    "docker-desktop": ("host.docker.internal",),
    "orbstack": ("host.docker.internal",),
    "rancher-desktop": ("host.docker.internal", "host.rancher-desktop.internal"),
    "lima": ("host.docker.internal", "host.lima.internal"),
}
"""Products whose engine runs in a virtual machine, and the names by which their DNS
gives the machine of the user."""


def _release(part: str) -> Sign:
    def sign(around: Surroundings) -> str | None:
        return f"kernel release {around.osrelease}" if part in around.osrelease else None

    return sign


def _upstream(*numbers: str) -> Sign:
    """Look for a name server, also the one that Docker's forwards to."""

    def sign(around: Surroundings) -> str | None:
        said = [*around.resolver.nameservers, *_external_servers(around)]
        return next((f"name server {number}" for number in numbers if number in said), None)

    return sign


def _external_servers(around: Surroundings) -> list[str]:
    """Read the servers of ``# ExtServers: [host(192.168.65.7)]`` (moby resolvconf)."""
    for text in around.resolver.comments:
        label, _, listed = text.partition(": [")
        if label == "ExtServers":
            words = listed.rstrip("]").replace("host(", "").replace(")", "").split()
            return [word.strip(",") for word in words]
    return []


def _alias(name: str) -> Sign:
    def sign(around: Surroundings) -> str | None:
        return f"the hosts file names {name}" if name in around.hosts.names else None

    return sign


PLATFORM = table(
    "platform",
    ("orbstack", "strong", "OrbStack's kernel", _release("-orbstack-")),
    ("docker-desktop", "strong", "LinuxKit's kernel", _release("linuxkit")),
    ("docker-desktop", "strong", "vpnkit's DNS", _upstream("192.168.65.7", "192.168.65.5")),
    ("rancher-desktop", "strong", "Rancher Desktop", _alias("host.rancher-desktop.internal")),
    ("lima", "strong", "Lima's user network", _upstream("192.168.5.3")),
    ("lima", "strong", "Lima, Colima", _alias("host.lima.internal")),
    ("minikube", "strong", "minikube start", _alias("host.minikube.internal")),
    ("k3d", "strong", "k3d cluster create", _alias("host.k3d.internal")),
    ("codespaces", "strong", "GitHub Codespaces", signs.environment("CODESPACES")),
    ("github-actions", "strong", "GitHub Actions runner", signs.environment("GITHUB_ACTIONS")),
    ("gitlab-ci", "strong", "GitLab Runner", signs.environment("GITLAB_CI")),
    ("wsl", "strong", "Microsoft's kernel", signs.wsl),
)
