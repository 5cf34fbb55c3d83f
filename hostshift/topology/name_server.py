"""Questions to the name server of a container network, with three outcomes each.

It says, it says that there is nothing, or it could not say. Docker's and Podman's
servers look into their own table first and ask upstream only what is not in it
(moby, libnetwork/resolver.go ``ServeDNS``; aardvark-dns, ``coredns.rs``). So
SERVFAIL and REFUSED about a neighbour mean that no container of these networks has
that name or address. Docker 20.10 passes a silent upstream on as silence. To tell
that from a server that is itself silent, the server is asked for this container's
own address as well: that is in its table.
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

    from hostshift.deadline import Deadline

    Texts = tuple[str, ...] | None
    """What a question was answered with: () where there is nothing, None where it is unknown."""

PORT = 53
AT_ONCE = 4
"""Questions on their way at a time; two thousand stalled a resolver for seconds."""
PATIENCE = 0.25
"""Seconds of silence that one round of questions may cost: a known name takes a millisecond."""
BRIEF = 0.1
"""Seconds of silence after which the server is asked about this container as well."""
GRACE = 0.05
"""Seconds that other answers may come after that one. All are looked up in one table, so
how busy the server is does not set them apart."""
PAYLOAD = 4096
"""Bytes of an answer that are asked for (EDNS): 512 hold the addresses of 28 replicas."""
MOST_DATAGRAMS = 256
"""Datagrams read without a look at the clock: a server may send nonsense for ever."""

_SAYS = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class NameServer:
    """One name server, asked over one connected socket a round.

    The socket is connected so that a refusal (ICMP) is seen at once; dnspython's
    own would wait its full time-out.
    """

    def __init__(self, address: str, deadline: Deadline) -> None:
        """Ask nothing yet.

        Args:
            address: an IPv4 or IPv6 address.
            deadline: bounds all waiting for this server.

        """
        self.trouble = ""
        """Why the last question stayed without an answer."""
        self._address = address
        self._deadline = deadline
        self._own: str | None = None
        self._upstream_is_silent = False
        self._named: dict[str, Texts] = {}

    def own_names(self, addresses: Sequence[str]) -> list[Texts]:
        """Return what this container's own addresses are called.

        They are in the server's table, so any failure is one of the server: None.
        The first one that has a name is asked for again whenever the server is silent.
        """
        answers = self._ask([_reverse(address) for address in addresses])
        found = [self._texts(answer, dns.rdatatype.PTR, strict=True) for answer in answers]
        named = zip(addresses, found, strict=True)
        self._own = next((address for address, names in named if names), None)
        return found

    def names(self, addresses: Sequence[str]) -> list[Texts]:
        """Return what neighbours' addresses are called. No address is asked for twice."""
        missing = [address for address in dict.fromkeys(addresses) if address not in self._named]
        answers = self._ask([_reverse(address) for address in missing])
        for address, answer in zip(missing, answers, strict=True):
            self._named[address] = self._texts(answer, dns.rdatatype.PTR)
        return [self._named[address] for address in addresses]

    def addresses(self, names: Sequence[str]) -> list[Texts]:
        """Return the IPv4 addresses of names as they are, without a search domain.

        In ascending order: Docker shuffles them, and an answer must not.
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
        """Return the data of an answer; None where there is no answer, or half of one."""
        if answer is None:
            return None
        if answer.flags & dns.flags.TC:
            self.trouble = "gives more than fits into one answer"
            return None
        if answer.rcode() not in _SAYS:
            self.trouble = f"answers {dns.rcode.to_text(answer.rcode())}"
            return None if strict else ()
        return tuple(_data(answer, kind))

    def _ask(self, questions: Sequence[Message]) -> list[Message | None]:
        """Ask a few questions at a time; None for each that the server did not answer."""
        answers: list[Message | None] = []
        for at in range(0, len(questions), AT_ONCE):
            some = questions[at : at + AT_ONCE]
            heard = _Heard(some)
            try:
                self._round(some, heard)
            except OSError as error:
                self.trouble = _reason(error)
            answers += [heard.answer(question) for question in some]
        return answers

    def _round(self, questions: Sequence[Message], heard: _Heard) -> None:
        """Send questions and wait; where some stay open, find out who is silent."""
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((self._address, PORT))
            if not self._upstream_is_silent:
                _send(asking, questions)
                patience = BRIEF if self._own else PATIENCE
                if self._deadline.wait(lambda seconds: heard.more(asking, seconds), patience):
                    return
            if self._own is None or not self._is_upstream(asking, questions, heard):
                self.trouble = (
                    "answers what cannot be read" if heard.nonsense else "does not answer"
                )

    def _is_upstream(
        self, asking: socket.socket, questions: Sequence[Message], heard: _Heard
    ) -> bool:
        """Ask about this container as well: whoever answers that is not silent itself."""
        control = _reverse(self._own or "")
        heard.expect(control)
        # Datagrams can be lost: what is open is asked once more, the control last.
        _send(asking, [*heard.open(questions), control])

        def alive(seconds: float) -> bool:
            return heard.more(asking, seconds) or heard.answer(control) is not None

        if not self._deadline.wait(alive, PATIENCE):
            return False
        if not self._deadline.wait(lambda seconds: heard.more(asking, seconds), GRACE):
            self._upstream_is_silent = True
            heard.forwarded(questions)
        return True


class _Heard:
    """The answers to some questions, as they come in."""

    def __init__(self, questions: Sequence[Message]) -> None:
        self.nonsense = False
        self._open: dict[int, Message] = {}
        self._answers: dict[int, Message] = {}
        for question in questions:
            self.expect(question)

    def expect(self, question: Message) -> None:
        """Wait for an answer to this question, too; give it an id that no other has."""
        while question.id in self._open or question.id in self._answers:
            question.id = int.from_bytes(os.urandom(2), "big")
        self._open[question.id] = question

    def open(self, questions: Sequence[Message]) -> list[Message]:
        """Return those of the questions that have no answer yet."""
        return [question for question in questions if question.id in self._open]

    def answer(self, question: Message) -> Message | None:
        """Return the answer to a question, None where there is none."""
        return self._answers.get(question.id)

    def forwarded(self, questions: Sequence[Message]) -> None:
        """Take open questions as answered with nothing: the server passed them on."""
        for question in self.open(questions):
            self._answers[question.id] = dns.message.make_response(question)

    def more(self, asking: socket.socket, seconds: float) -> bool:
        """Read all that is there, waiting up to some seconds for it; True: nothing is open."""
        for _ in range(MOST_DATAGRAMS):
            if not self._open:
                break
            asking.settimeout(max(0.0, seconds))
            try:
                self._keep(asking.recv(1 << 16))
            except (BlockingIOError, TimeoutError, InterruptedError):
                break
            seconds = 0.0
        return not self._open

    def _keep(self, wire: bytes) -> None:
        """Keep what answers a question. The first answer counts.

        aardvark-dns forwards reverse questions that it has answered, and sends
        what comes back as a second answer (seen in ``coredns.rs``).
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


def _send(asking: socket.socket, questions: Sequence[Message]) -> None:
    for question in questions:
        asking.send(question.to_wire())


def _reverse(address: str) -> Message:
    return _query(dns.reversename.from_address(address), dns.rdatatype.PTR)


def _query(name: str | dns.name.Name, kind: RdataType) -> Message:
    return dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)


def _data(answer: Message, kind: RdataType) -> Iterator[str]:
    """Yield the data of the records that answer the question itself, without a final dot.

    Names that no container can have are left out: they are written into strings.
    """
    asked = answer.question[0].name if answer.question else None
    for records in answer.answer:
        if records.rdtype == kind and records.name == asked:
            texts = (record.to_text().rstrip(".") for record in records)
            yield from (text for text in texts if text and _LETTERS.issuperset(text))


def _reason(error: OSError) -> str:
    """Say what asking failed with; it is told about a name server, after its address."""
    if isinstance(error, ConnectionRefusedError):
        return "refuses questions"
    return f"cannot be asked: {error.strerror or type(error).__name__}"
