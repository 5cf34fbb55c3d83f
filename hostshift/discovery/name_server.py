"""Questions to the name server of a container network, with three outcomes each.

The server has data, it has none, or it could not say. Docker's and Podman's servers
look into their own table first and ask upstream only what is not in it (moby,
libnetwork/resolver.go ``ServeDNS``; aardvark-dns, ``coredns.rs``). So SERVFAIL and
REFUSED about a neighbour mean that no container of these networks has that name or
address. If the upstream is silent, Docker 20.10 is silent too. To distinguish that
from a server that is itself silent, we also ask for this container's own address,
which is in the server's table.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dns.message import Message
    from dns.rdatatype import RdataType

    from hostshift.base.deadline import Deadline

    Texts = tuple[str, ...] | None
    """The data of an answer: () for no data, None for no usable answer."""

PORT = 53
AT_ONCE = 4
"""Questions in flight at a time; two thousand stalled a resolver for seconds."""
PATIENCE = 0.25
"""Seconds of silence that one round of questions may cost: a known name takes a millisecond."""
BRIEF = 0.1
"""Seconds of silence after which we ask the server about this container as well."""
GRACE = 0.05
"""Seconds that other answers may come after that one. The server looks all of them up in one
table, so its load delays them alike."""
PAYLOAD = 4096
"""Bytes of an answer that we accept (EDNS): 512 hold the addresses of 28 replicas."""
MOST_DATAGRAMS = 256
"""Datagrams that we read without a look at the clock: a server may send nonsense for ever."""

_CONCLUSIVE = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class NameServer:
    """One name server. Each round of questions uses one connected socket.

    A connected socket reports a refusal (ICMP) at once; dnspython's own would wait its full
    time-out.
    """

    def __init__(self, address: str, deadline: Deadline) -> None:
        """Ask nothing yet.

        Args:
            address: an IPv4 or IPv6 address.
            deadline: bounds all waiting for this server.

        """
        self.trouble = ""
        """Why the last question got no answer."""
        self._address = address
        self._deadline = deadline
        self._known_address: str | None = None
        """This container's address, if the server has a name for it."""
        self._upstream_is_silent = False
        self._named: dict[str, Texts] = {}

    def own_names(self, addresses: Sequence[str]) -> list[Texts]:
        """Return the names of this container's own addresses.

        They are in the server's table, so any failure is the server's own: None. We ask for
        the first address that has a name again whenever the server is silent.
        """
        answers = self._ask([_reverse(address) for address in addresses])
        names = [self._texts(answer, dns.rdatatype.PTR, strict=True) for answer in answers]
        named = (address for address, found in zip(addresses, names, strict=True) if found)
        self._known_address = next(named, None)
        return names

    def names(self, addresses: Sequence[str]) -> list[Texts]:
        """Return the names of neighbours' addresses. Ask for no address twice."""
        missing = [address for address in dict.fromkeys(addresses) if address not in self._named]
        answers = self._ask([_reverse(address) for address in missing])
        for address, answer in zip(missing, answers, strict=True):
            self._named[address] = self._texts(answer, dns.rdatatype.PTR)
        return [self._named[address] for address in addresses]

    def addresses(self, names: Sequence[str]) -> list[Texts]:
        """Return the IPv4 addresses of names, without a search domain.

        They are in ascending order: Docker shuffles them, and our answers must be stable.
        """
        questions: dict[str, Message] = {}
        for name in names:
            with suppress(dns.exception.DNSException):
                questions[name] = _query(f"{name}.", dns.rdatatype.A)
        answers = dict(zip(questions, self._ask([*questions.values()]), strict=True))
        return [
            _sorted(self._texts(answers[name], dns.rdatatype.A)) if name in answers else ()
            for name in names
        ]

    def _texts(self, answer: Message | None, kind: RdataType, *, strict: bool = False) -> Texts:
        """Return the data of an answer; None if the answer is missing, truncated or an error."""
        if answer is None:
            return None
        if answer.flags & dns.flags.TC:
            self.trouble = "sends a truncated answer"
            return None
        if answer.rcode() not in _CONCLUSIVE:
            self.trouble = f"answers {dns.rcode.to_text(answer.rcode())}"
            return None if strict else ()
        return tuple(_data(answer, kind))

    def _ask(self, questions: Sequence[Message]) -> list[Message | None]:
        """Ask a few questions at a time; return None for each that the server did not answer."""
        answers: list[Message | None] = []
        for at in range(0, len(questions), AT_ONCE):
            some = questions[at : at + AT_ONCE]
            pending = _Pending(some)
            try:
                self._round(some, pending)
            except OSError as error:
                self.trouble = _reason(error)
            answers += [pending.answer(question) for question in some]
        return answers

    def _round(self, questions: Sequence[Message], pending: _Pending) -> None:
        """Send questions and wait. If some stay open, find out who is silent."""
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as connection:
            connection.connect((self._address, PORT))
            if not self._upstream_is_silent:
                _send(connection, questions)
                patience = BRIEF if self._known_address else PATIENCE
                if self._deadline.wait(lambda seconds: pending.more(connection, seconds), patience):
                    return
            if self._known_address is None or not self._is_upstream(connection, questions, pending):
                self.trouble = "sends invalid answers" if pending.nonsense else "does not answer"

    def _is_upstream(
        self, connection: socket.socket, questions: Sequence[Message], pending: _Pending
    ) -> bool:
        """Return True if the server itself is not silent: it still knows this container."""
        control = _reverse(self._known_address or "")
        pending.expect(control)
        # Datagrams can be lost, so we ask the open questions once more, and the control last.
        _send(connection, [*pending.open(questions), control])

        def alive(seconds: float) -> bool:
            return pending.more(connection, seconds) or pending.answer(control) is not None

        if not self._deadline.wait(alive, PATIENCE):
            return False
        if not self._deadline.wait(lambda seconds: pending.more(connection, seconds), GRACE):
            self._upstream_is_silent = True
            pending.forwarded(questions)
        return True


class _Pending:
    """Collects the answers to some questions as they arrive."""

    def __init__(self, questions: Sequence[Message]) -> None:
        self.nonsense = False
        self._open: dict[int, Message] = {}
        self._answers: dict[int, Message] = {}
        for question in questions:
            self.expect(question)

    def expect(self, question: Message) -> None:
        """Wait for an answer to this question as well; give it a unique id."""
        while question.id in self._open or question.id in self._answers:
            question.id = int.from_bytes(os.urandom(2), "big")
        self._open[question.id] = question

    def open(self, questions: Sequence[Message]) -> list[Message]:
        """Return the questions that have no answer yet."""
        return [question for question in questions if question.id in self._open]

    def answer(self, question: Message) -> Message | None:
        """Return the answer to a question; None if it has not arrived."""
        return self._answers.get(question.id)

    def forwarded(self, questions: Sequence[Message]) -> None:
        """Give open questions an empty answer: the server forwarded them to its upstream."""
        for question in self.open(questions):
            self._answers[question.id] = dns.message.make_response(question)

    def more(self, connection: socket.socket, seconds: float) -> bool:
        """Wait up to some seconds, read what arrived, and return True if no question is open."""
        for _ in range(MOST_DATAGRAMS):
            if not self._open:
                break
            connection.settimeout(max(0.0, seconds))
            try:
                self._keep(connection.recv(1 << 16))
            except (BlockingIOError, TimeoutError, InterruptedError):
                break
            seconds = 0.0
        return not self._open

    def _keep(self, wire: bytes) -> None:
        """Keep a datagram if it answers a question. The first answer counts.

        aardvark-dns also forwards reverse questions that it has answered, and sends the
        upstream's answer as a second one (``coredns.rs``).
        """
        try:
            message = dns.message.from_wire(wire, ignore_trailing=True)
            question = self._open.get(message.id)
            fits = question is not None and question.is_response(message)
        except (dns.exception.DNSException, ValueError):
            self.nonsense = True
            return
        if fits:
            self._answers[message.id] = message
            del self._open[message.id]


def _sorted(addresses: Texts) -> Texts:
    return addresses and tuple(sorted(addresses, key=socket.inet_aton))


def _send(connection: socket.socket, questions: Sequence[Message]) -> None:
    for question in questions:
        connection.send(question.to_wire())


def _reverse(address: str) -> Message:
    return _query(dns.reversename.from_address(address), dns.rdatatype.PTR)


def _query(name: str | dns.name.Name, kind: RdataType) -> Message:
    return dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)


def _data(answer: Message, kind: RdataType) -> Iterator[str]:
    """Yield the data of the records that answer the question itself, without a final dot.

    Leave out names that no container can have, because we write names into strings.
    """
    name = answer.question[0].name if answer.question else None
    for records in answer.answer:
        if records.rdtype == kind and records.name == name:
            texts = (record.to_text().rstrip(".") for record in records)
            yield from (text for text in texts if text and _LETTERS.issuperset(text))


def _reason(error: OSError) -> str:
    """Describe an error in words that follow the name server's address."""
    if isinstance(error, ConnectionRefusedError):
        return "refuses questions"
    return f"cannot be asked: {error.strerror or type(error).__name__}"
