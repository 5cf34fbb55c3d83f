"""Variables that hold addresses, and what became of them. Pure."""

from __future__ import annotations

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.config.policy import Policy
    from hostshift.resolution.named_values import Held
    from hostshift.resolution.resolver import Resolver
    from hostshift.routing.model import Decision


class Variable(Record):
    """One variable that holds a connection string, or a JSON list of them."""

    name: str
    listed: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    """The positions of the strings in a JSON list; empty where all of the value is one string."""
    escaped: bool = False
    """The JSON list holds strings with escapes, which stay."""
    protocol: str = ""
    """The protocol of the server, where the name implies it."""
    default_port: int | None = None
    """The port that its clients take for a URL without one, if that is not the scheme's; 0 if they
    do not agree on one."""
    is_json: bool = False
    """The value is a JSON object, or a list of them, and the fields go by the same rules."""


class Pair(Record):
    """One endpoint in two variables."""

    host: str
    port: str
    protocol: str
    listed: bool = False
    default_port: int | None = None
    """The port where no variable holds one; None if the names do not show it."""


class Sockets(Record):
    """What may name sockets of MySQL among variables."""

    variables: Mapping[str, str]
    """Variables whose value may be a socket, each by its name in one spelling."""
    has_engine: bool
    """A key that names a server stands at the root of a file."""


class Kept(Record):
    """A variable that looks like an address and stays as it is."""

    name: str
    reason: str
    step: str = ""
    """What the user can do about it."""
    recognised: bool = False
    """Clients dial it, by its name or because it is listed: to leave it may be wrong."""


class Report:
    """What became of the variables of one call. It holds no secret."""

    def __init__(self) -> None:
        """Have nothing yet."""
        self.decisions: list[Decision] = []
        self.lines: list[str] = []
        """One for each address, and for each variable that stays as a whole."""
        self.held: list[Held] | None = None
        """Receives the changes that something else may speak against, before they are logged."""
        self.late = 0
        """How many variables were not read, because the time of a start was over."""
        self.mode = ""
        """The mode of HOSTSHIFT_MODE where it is not on, so that nothing changes."""

    def decided(self, name: str, decisions: Iterable[Decision]) -> None:
        """Add the decisions for the addresses of a variable."""
        for each in decisions:
            self.decisions.append(each)
            if each.changed:
                self.lines.append(self._change(name, each))
            else:
                self.kept(f"{name}: {each.before}", each.reason, each.fix)

    def withdrawn(self, changes: Iterable[Held]) -> None:
        """Take out the lines of changes that do not come."""
        for name, decision, _ in changes:
            if (line := self._change(name, decision)) in self.lines:
                self.lines.remove(line)

    def kept(self, name: str, reason: str, step: str = "") -> None:
        """Add a variable, or an address in one, that stays."""
        next_step = f". Next: {step}" if step else ""
        line = f"{name} stays as it is: {reason}{next_step}"
        if self.lines[-1:] != [line]:  # a name can stand twice
            self.lines.append(line)

    def _change(self, name: str, decision: Decision) -> str:
        from hostshift.resolution.named_values import changed_line

        return changed_line(name, decision, self.mode)


class Call:
    """What one call resolves with, and where it writes what became of each variable."""

    def __init__(self, resolver: Resolver, policy: Policy | None, report: Report) -> None:
        """Take the resolver, the settings for this call if they are others, and the report."""
        self.resolver, self.policy, self.report = resolver, policy, report
        self.settings = resolver.policy if policy is None else policy
        self.report.mode = "" if self.settings.mode == "on" else self.settings.mode
        self.sockets: Sockets | None = None
        """What may name a socket of MySQL among the variables; None before the first look."""
