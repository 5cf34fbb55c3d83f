"""Which product runs this machine, if that is known: its table of evidence. Pure.

It answers none of the three questions. It shows where only a name of the product's own DNS
reaches a container's host, because the container's gateway belongs to a virtual machine. And
it is worth knowing in a bug report.
"""

from __future__ import annotations

from hostshift.detect.evidence import predicates
from hostshift.detect.evidence.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.detect.evidence.table import Sign
    from hostshift.detect.facts import Facts

GUEST_PLATFORMS = {
    "docker-desktop": ("host.docker.internal",),
    "orbstack": ("host.docker.internal",),
    "rancher-desktop": ("host.docker.internal", "host.rancher-desktop.internal"),
    "lima": ("host.docker.internal", "host.lima.internal"),
}
"""Products whose engine runs in a virtual machine, and the names of the user's machine in their
DNS."""


def _release(part: str) -> Sign:
    def sign(facts: Facts) -> str | None:
        return f"kernel release {facts.osrelease}" if part in facts.osrelease else None

    return sign


def _upstream(*numbers: str) -> Sign:
    """Look for a name server, also among those that Docker's forwards to."""

    def sign(facts: Facts) -> str | None:
        servers = [*facts.resolver.nameservers, *_external_servers(facts)]
        return next((f"name server {number}" for number in numbers if number in servers), None)

    return sign


def _external_servers(facts: Facts) -> list[str]:
    """Read the servers of ``# ExtServers: [host(192.168.65.7)]`` (moby resolvconf)."""
    for text in facts.resolver.comments:
        label, _, listed = text.partition(": [")
        if label == "ExtServers":
            words = listed.rstrip("]").replace("host(", "").replace(")", "").split()
            return [word.strip(",") for word in words]
    return []


def _alias(name: str) -> Sign:
    def sign(facts: Facts) -> str | None:
        return f"the hosts file names {name}" if name in facts.hosts.names else None

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
    ("codespaces", "strong", "GitHub Codespaces", predicates.environment("CODESPACES")),
    ("github-actions", "strong", "GitHub Actions runner", predicates.environment("GITHUB_ACTIONS")),
    ("gitlab-ci", "strong", "GitLab Runner", predicates.environment("GITLAB_CI")),
    ("wsl", "strong", "Microsoft's kernel", predicates.wsl),
)
