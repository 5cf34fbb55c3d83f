"""What becomes of a look whose caller is interrupted, whose worker breaks, or that waits."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base import workers
from hostshift.base.deadline import Deadline
from hostshift.base.single_flight import Question, SingleFlight
from hostshift.base.workers import Job, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


def _question(ask: Callable[[Deadline], Any], key: str = "key", **more: Any) -> Question[str, Any]:
    how = {"failed": lambda _: "could not say", "keeps": lambda _: 5.0} | more
    return Question(key=key, ask=ask, **how)


def _after(seconds: float, answer: str) -> Callable[[Deadline], str]:
    def ask(_: Deadline) -> str:
        time.sleep(seconds)
        return answer

    return ask


def _raise(error: BaseException) -> Any:
    raise error


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(workers, "start_new_thread", start)


# --- where no thread can be started -------------------------------------------------------------


@pytest.mark.usefixtures("no_threads")
def test_a_look_that_is_interrupted_in_place_is_made_again() -> None:
    looks, asked = SingleFlight[str](), list[int]()

    def ask(_: Deadline) -> str:
        asked.append(1)
        return _raise(KeyboardInterrupt()) if len(asked) == 1 else "answer"

    # An answer that is none may not be what `keeps` takes.
    question = _question(ask, keeps=lambda answer: float(len(answer)))
    with pytest.raises(KeyboardInterrupt):
        looks.do(question, Deadline(1, 3))
    assert looks.do(question, Deadline(1, 3)) == "answer"
    assert not looks._under_way


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("budget", [1, 0.05])
def test_an_interrupt_before_the_look_begins_leaves_it_to_the_next(
    monkeypatch: pytest.MonkeyPatch, budget: float
) -> None:
    looks, question = SingleFlight[str](), _question(lambda _: "answer")
    with monkeypatch.context() as patched:
        patched.setattr(Job, "run", lambda _: _raise(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            looks.do(question, Deadline(budget, 3))
    assert looks.do(question, Deadline(budget, 3)) == "answer"


@pytest.mark.usefixtures("no_threads")
def test_an_interrupt_as_a_look_ends_leaves_no_old_answer() -> None:
    looks, kept = SingleFlight[str](), list[int]()

    def keeps(_: object) -> float:
        kept.append(1)
        return _raise(KeyboardInterrupt()) if len(kept) == 1 else 0.0

    answers = iter(["first", "second", "third"])
    question = _question(lambda _: next(answers), keeps=keeps)
    with pytest.raises(KeyboardInterrupt):
        looks.do(question, Deadline(1, 3))
    assert looks.do(question, Deadline(1, 3)) == "second"
    assert looks.do(question, Deadline(1, 3)) == "third"


@pytest.mark.usefixtures("no_threads")
def test_looks_made_in_place_are_not_held_on_to() -> None:
    looks = SingleFlight[str]()
    for at in range(3):
        looks.do(_question(lambda _: "answer", key=str(at)), Deadline(1, 3))
    (pool,) = looks.workers._by_process.values()
    assert not pool._jobs


def test_a_waiter_that_is_interrupted_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lock:
        def acquire(self, timeout: float = -1) -> None:
            if timeout >= 0:
                raise KeyboardInterrupt

    monkeypatch.setattr(workers, "allocate_lock", Lock)
    signal = Signal()
    with pytest.raises(KeyboardInterrupt):
        signal.wait(1)
    assert not signal._waiting


# --- a worker goes on ---------------------------------------------------------------------------


def _breaks_to_keep() -> Question[str, Any]:
    return _question(lambda _: "answer", keeps=lambda _: _raise(ValueError("keeps")))


def _exits() -> Question[str, Any]:
    return _question(lambda _: _raise(SystemExit(1)))


def _breaks_twice() -> Question[str, Any]:
    fault = ValueError("failed")
    return _question(lambda _: _raise(fault), failed=lambda _: _raise(fault))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("question", "answer"),
    [(_breaks_to_keep(), "answer"), (_exits(), "could not say"), (_breaks_twice(), None)],
    ids=["keeps", "exits", "failed"],
)
def test_looks_that_break_do_not_use_up_the_workers(
    question: Question[str, Any], answer: object
) -> None:
    looks = SingleFlight[str]()
    for at in range(workers.MOST + 1):
        assert looks.here("key", lambda: None, 0) is None
        assert looks.do(question.replace(key=at), Deadline(2, 2)) == answer
    assert looks.do(_question(lambda _: "well"), Deadline(2, 2)) == "well"
    assert not looks._under_way


def test_no_answer_is_one_that_could_not_be_said() -> None:
    assert SingleFlight[str]().do(_question(lambda _: None), Deadline(1)) == "could not say"


# --- who waits for whom -------------------------------------------------------------------------


def test_looks_that_wait_for_another_look_do_not_take_all_workers() -> None:
    """As ``DOCKER_HOST=tcp://NAME`` does: the engine is asked, and its name is looked up."""
    looks, many = SingleFlight[str](), 2 * workers.MOST
    answers: dict[int, object] = {}

    def name(at: int, deadline: Deadline) -> Any:
        question = _question(_after(0.004, "found"), f"name {at}", bounded=False)
        return looks.do(question, deadline)

    def around(at: int) -> None:
        def ask(deadline: Deadline) -> Any:
            time.sleep(0.01)
            return name(at, deadline)

        answers[at] = looks.do(_question(ask, f"around {at}"), Deadline(2, 10))

    threads = [Thread(target=around, args=(at,)) for at in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(answers.values()) == ["found"] * many


def test_who_joins_a_look_that_had_to_queue_waits_for_it() -> None:
    """What a look may take counts from when a worker took it."""
    looks, go_on = SingleFlight[str](), Event()
    busy = [
        Thread(target=looks.do, args=(_question(lambda _: go_on.wait(9), str(at)), Deadline(9)))
        for at in range(workers.MOST_BOUNDED)
    ]
    for thread in busy:
        thread.start()
    while sum(job.taken for job in list(looks._under_way.values())) < workers.MOST_BOUNDED:
        time.sleep(0.001)
    late = _question(_after(0.3, "answer"))
    assert looks.do(late, Deadline(0.1, 0.4)) == "could not say"
    time.sleep(0.4)
    go_on.set()
    assert looks.do(late, Deadline(5, 5)) == "answer"
    for thread in busy:
        thread.join()


def _all(asks: list[Callable[[Deadline], Any]], budget: float, **more: Any) -> list[Any]:
    """Ask all at once, each with a budget of its own."""
    looks, answers = SingleFlight[str](), dict[int, Any]()

    def do(at: int) -> None:
        question = _question(asks[at], str(at), **more)
        answers[at] = looks.do(question, Deadline(budget, 30))

    threads = [Thread(target=do, args=(at,)) for at in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(answers.values())


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize(("callers", "seconds"), [(200, 0.02), (60, 0.25)])
def test_a_queue_that_moves_is_no_silence(bounded: bool, callers: int, seconds: float) -> None:
    """Many ask at once who answers each in some time, and has some at a time."""
    asks = [_after(seconds, "answer")] * callers
    assert set(_all(asks, 0.4, bounded=bounded)) == {"answer"}


def _fails(_: Deadline) -> Any:
    time.sleep(0.15)
    raise OSError("no answer")


def _is_silent(deadline: Deadline) -> Any:
    deadline.part(0.15).wait(Event().wait)
    return "nothing"


@pytest.mark.parametrize(("ask", "bounded"), [(_fails, False), (_fails, True), (_is_silent, True)])
def test_a_queue_in_which_nobody_is_answered_is_silence(
    ask: Callable[[Deadline], Any], bounded: bool
) -> None:
    """Those at its end do not wait for all the others to find out the same."""
    begun = list[int]()

    def counted(deadline: Deadline) -> Any:
        begun.append(1)
        time.sleep(0.02 * len(begun) if len(begun) < 6 else 0)  # so that one ends after the other
        return ask(deadline)

    answers = _all([counted] * 200, 0.4, bounded=bounded)
    assert answers.count("could not say") > 100
    assert len(begun) < 100


def test_a_queue_behind_who_never_answers_is_silence() -> None:
    looks, held = SingleFlight[str](), Event()
    try:
        for at in range(workers.MOST_UNBOUNDED):
            question = _question(lambda _: held.wait(30), str(at), bounded=False)
            assert looks.do(question, Deadline(0.05, 30)) == "could not say"
        began = time.monotonic()
        last = _question(lambda _: "answer", "last", bounded=False)
        assert looks.do(last, Deadline(0.2, 30)) == "could not say"
        assert time.monotonic() - began < 5
    finally:
        held.set()
