"""What the user has set, as one plain frozen value. Pure."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.errors import SettingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from typing import Self

    from hostshift.config.places import MapRule, Place


class Policy(Record):
    """What the user has set. The defaults suit most users; see the settings page.

    ``budget`` is in seconds and limits one resolve. :mod:`hostshift.config.table` has the
    defaults, and what each setting may be.
    """

    mode: str
    strict: bool
    map: tuple[MapRule, ...]
    keep: tuple[Place, ...]
    prefer: str
    host_address: str | None
    probe: str
    budget: float
    sources: tuple[str, ...]
    compose_file: str | None
    topology_file: str | None
    isolation: str | None
    network: str | None
    naming: str | None
    env: tuple[str, ...]

    def __init__(  # noqa: PLR0913 - one argument a setting
        self,
        *,
        mode: str = "on",
        strict: bool = False,
        map: str | tuple[MapRule | str, ...] = (),  # noqa: A002 - the setting's name
        keep: str | tuple[Place | str | int, ...] = (),
        prefer: str = "host",
        host_address: str | None = None,
        probe: str = "auto",
        budget: float = 1.0,
        sources: str | tuple[str, ...] = ("engine", "saved", "compose", "dns"),
        compose_file: str | PathLike[str] | None = None,
        topology_file: str | PathLike[str] | None = None,
        isolation: str | None = None,
        network: str | None = None,
        naming: str | None = None,
        env: str | tuple[str, ...] = (),
    ) -> None:
        """Take lists as tuples, or as the text that settings hold.

        Raises:
            SettingError: an argument has a value that its ``HOSTSHIFT_*`` variable cannot have;
                names it, and what is expected. It is a ValueError.

        """
        arguments = {name: value for name, value in locals().items() if name in self._known}
        defaults = Policy.__init__.__kwdefaults__ or {}
        # Most processes have no settings at all. Then nothing that reads them is loaded.
        if any(value is not defaults.get(name) for name, value in arguments.items()):
            read = _read(arguments)
            if isinstance(read, SettingError):
                # Tools that collect errors show the variables of this frame.
                del arguments, mode, strict, map, keep, prefer, host_address, probe, budget
                del sources, compose_file, topology_file, isolation, network, naming, env
                raise read
            arguments = read
        super().__init__(**arguments)

    if not TYPE_CHECKING:  # the checkers read __init__

        def __new__(cls, *_: object, **arguments: object) -> Self:
            """Refuse an unknown argument: Python's own error would show it, and it may be a string.

            Raises:
                TypeError: a name is no setting; shows as much of it as looks like a name.

            """
            if (unknown := next(iter(arguments.keys() - cls._known), None)) is not None:
                refusal = _unknown(unknown)
                del unknown, arguments, _  # tools that collect errors show this frame
                raise refusal
            return super().__new__(cls)

        __new__.__wrapped__ = __init__  # help() and inspect show its arguments

    def _shown(self, name: str) -> str:
        """Show a path as messages do: a connection string may stand in its place."""
        value = getattr(self, name)
        if name in ("compose_file", "topology_file") and isinstance(value, str):
            from hostshift.base import redaction

            shown = redaction.place(value)
            return repr(value) if shown == value else shown
        return super()._shown(name)

    def standing(self) -> dict[str, str]:
        """Return the user's own answers on where this process stands, by question."""
        configured = {"isolation": self.isolation, "network": self.network, "naming": self.naming}
        return {question: answer for question, answer in configured.items() if answer}

    def looking(self) -> tuple[object, ...]:
        """Return the settings that decide where to look; policies that share them see the same."""
        files = (self.compose_file, self.topology_file)
        return (self.sources, *files, self.host_address, *self.standing().items())

    def choosing(self) -> tuple[object, ...]:
        """Return the settings that decide a choice; policies that share them choose the same."""
        return (self.prefer, self.probe, *self.looking())

    def declared(
        self, host: str, port: int | None, loopback_names: Iterable[str] = ()
    ) -> MapRule | None:
        """Return the rule that covers an endpoint, first one with a port, None without a rule."""
        covering = [rule for rule in self.map if rule.source.covers(host, port, loopback_names)]
        return next(
            (rule for rule in covering if rule.source.port is not None),
            covering[0] if covering else None,
        )

    def kept(self, host: str, port: int | None, loopback_names: Iterable[str] = ()) -> Place | None:
        """Return the entry of HOSTSHIFT_KEEP that covers an endpoint, None without one."""
        return next(
            (place for place in self.keep if place.covers(host, port, loopback_names)), None
        )


def _unknown(name: str) -> TypeError:
    """Return the error for an argument that is no setting."""
    from hostshift.base import redaction

    shown, known = redaction.name(name), ", ".join(Policy._fields)
    return TypeError(f"Policy got an unexpected keyword argument '{shown}': expected {known}")


def _read(arguments: dict[str, object]) -> dict[str, object] | SettingError:
    """Read the arguments of Policy, or return the error for the first that is not allowed.

    The error is not raised here. So neither its frames nor its causes hold a value.
    """
    from hostshift.config.table import SETTINGS

    read: dict[str, object] = {}
    for name, value in arguments.items():
        try:
            read[name] = SETTINGS[name].read(value)
        except ValueError:
            break
    else:
        return read
    from hostshift.config import setting_errors

    return setting_errors.refuse(name, value)
