"""The checker sees each thing that must not be: a rule that cannot fail would hold anything."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.torture import checks
from tests.torture.facts import Jump, Row, Shown
from tests.torture.ledger import ACKNOWLEDGED, Op, Press

MONDAY = datetime(2026, 11, 23, 10, 10, tzinfo=UTC)


def op(kind: str, mark: str, about: str = "", who: str = "U0A", *, end: str = ACKNOWLEDGED, **facts: Any) -> Op:
    return Op(kind, who, about or mark, mark, 1.0, facts, ended_s=2.0, end=end)


def need(number: int = 1, mark: str = "file-000001", **facts: Any) -> Row:
    filled = {"requirement": number, "scenario": None, "state": "open", "answer": None, **facts}
    return Row(number=number, words=f"{mark} is what they said", **filled)


def letter(row_id: str, kind: str = "card", about: str = "F-1", state: str = "sent", **facts: Any) -> Row:
    filled = {"key": f"{kind}:{about}", "lane": "triage", "detail": None, **facts}
    return Row(id=row_id, kind=kind, about=about, state=state, **filled)


def shown(*ids: str) -> list[Shown]:
    return [Shown(row_id, "C0TRIAGE", str(at), "") for at, row_id in enumerate(ids)]


def found(**tables: list[Row]) -> dict[str, list[Row]]:
    names = ["feedback", "moves", "questions", "rounds", "ballots", "outbox", "requirements", "periods", "schedules"]
    return {name: tables.get(name, []) for name in names}


# 1


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    filed, moved = op("file", "file-000001", what="need"), op("move", "move-000002", "file-000001", text="m-2")
    assert checks.kept([filed, moved], found()) == ["lost: file-000001 of U0A", "lost: move-000002 of U0A"]
    assert checks.kept([filed], found(feedback=[need()])) == []


def test_what_was_taken_twice_is_seen_though_nobody_was_told() -> None:
    filed = op("file", "file-000001", end="given up", what="need")
    assert checks.kept([filed], found(feedback=[need(1), need(2)])) == ["taken 2 times: file-000001 of U0A"]


def test_what_is_filed_has_a_vote_a_card_and_a_receipt() -> None:
    filed, stored = op("file", "file-000001", what="need"), found(feedback=[need()])
    lacking = [f"file-000001 has no {thing}" for thing in ("card", "receipt", "vote")]
    assert checks.effects([filed], stored) == lacking
    stored["outbox"] = [letter("a"), letter("b", "receipt")]
    stored["rounds"] = [Row(requirement=1)]
    assert checks.effects([filed], stored) == []


def test_what_was_taken_back_is_gone_and_what_was_edited_says_so() -> None:
    undone = op("undo", "undo-000002", "file-000001")
    first = op("edit", "edit-000003", "file-000001", text="first")
    second = op("edit", "edit-000004", "file-000001", end="given up", text="second")
    assert checks.effects([undone], found(feedback=[need()])) == ["lost: undo-000002, F-1 is open"]
    assert checks.effects([first, second], found(feedback=[need(scenario="second")])) == []
    assert checks.effects([first], found(feedback=[need()])) == ["lost: edit-000003, it says None"]


def test_numbers_with_a_gap_are_seen() -> None:
    assert checks.numbers(found(feedback=[need(1), need(3)])) == ["feedback are numbered with gaps or twice"]


# 2


def test_what_is_still_open_and_what_died_in_silence_is_seen() -> None:
    waiting, dead = letter("a", state="sending"), letter("b", state="dead", detail="is_archived")
    told = letter("c", "notice", "triage:is_archived")
    assert checks.outbox_ended([waiting]) == ["card F-1 ended sending"]
    assert checks.outbox_ended([dead]) == ["card F-1 died of is_archived and nobody was told"]
    assert checks.outbox_ended([dead, told]) == []
    assert checks.alive([dead, told]) == ["card F-1 is dead for good"]


def test_what_is_said_twice_or_by_nobody_or_never_is_seen() -> None:
    news = letter("n", "news")
    assert checks.shown_once([news], shown("n", "n")) == ["said 2 times: news F-1"]
    assert checks.shown_once([news], shown("n", "x")) == ["said, but nobody wrote it: x"]
    assert checks.shown_once([news], []) == ["never shown: news F-1 of triage"]


def test_a_card_stands_once_however_often_it_is_redrawn() -> None:
    first, redrawn = letter("a"), letter("b")
    assert checks.shown_once([first, redrawn], shown("a")) == []
    assert checks.shown_once([first, redrawn], shown("a", "b")) == ["card:F-1 stands 2 times"]
    assert checks.shown_once([first], []) == ["card:F-1 stands 0 times"]


# 3


def a_day(planned: dict[str, datetime]) -> Jump:
    return Jump(1.0, MONDAY, MONDAY + timedelta(days=1), planned)


def test_a_missed_period_one_too_many_and_a_digest_said_twice_are_seen() -> None:
    jump = a_day({"digest": MONDAY})
    stored = found(outbox=[letter("a", "digest", "2026-11-24", lane="review")])
    due = {("digest", jump): "2026-11-24"}
    assert checks.periods(stored, [], [jump], due) == ["missed: digest 2026-11-24"]
    stored["periods"] = [Row(schedule="digest", period="2026-11-24")]
    assert checks.periods(stored, shown("a", "a"), [jump], due) == [
        "digest of 2026-11-24 stands 2 times",
        "digest of 2026-11-24 stands 2 times",
    ]
    assert checks.periods(stored, shown("a"), [jump], due) == []
    assert checks.periods(stored, shown("a"), [jump], {("digest", jump): None}) == ["too many: digest 2026-11-24"]


def test_of_several_periods_in_one_step_the_last_is_due() -> None:
    jump = Jump(1.0, MONDAY, MONDAY + timedelta(days=3))
    times = [(MONDAY + timedelta(days=days, hours=-1), f"day {days}") for days in range(5)]
    assert checks.due_between(times, jump) == "day 3"
    assert checks.due_between(times[:1], jump) is None


# 4


def a_round(**facts: Any) -> Row:
    return Row(
        **{"requirement": 1, "number": 1, "quorum": 2, "due_at": None, "closed_at": None, "result": None, **facts}
    )


def ballot(who: str, at: int, choice: str = "approve") -> Row:
    return Row(requirement=1, round=1, user_id=who, action_us=at, choice=choice)


def voted(who: str, at: int, choice: str = "approve", began_s: float = 1.0) -> Op:
    made = op("vote", f"vote-{at}", "file-000001", who)
    made.began_s, made.presses = began_s, [Press(at, choice, began_s)]
    return made


def votes(ops: list[Op], vote: Row, *ballots: Row) -> list[str]:
    return checks.rounds(ops, found(feedback=[need()], rounds=[vote], ballots=list(ballots)), [])


def test_a_lost_vote_an_older_choice_and_a_second_ballot_are_seen() -> None:
    assert votes([voted("U0A", 10)], a_round()) == [
        "lost: the vote of U0A on R-1",
        "lost: U0A was told of a vote on R-1 that is not there",
    ]
    changed = [voted("U0A", 10), voted("U0A", 20, "reject")]
    assert votes(changed, a_round(), ballot("U0A", 20, "reject")) == []
    assert votes(changed, a_round(), ballot("U0A", 10)) == ["lost: a newer vote of U0A on R-1"]
    twice = votes([voted("U0A", 10)], a_round(quorum=3), ballot("U0A", 10), ballot("U0A", 10))
    assert twice == ["U0A has 2 votes on R-1"]


def test_a_vote_nobody_cast_is_seen() -> None:
    assert votes([voted("U0A", 10)], a_round(), ballot("U0A", 10, "reject")) == ["U0A never pressed reject on R-1 then"]


def test_a_change_after_others_may_have_closed_the_vote_may_be_refused() -> None:
    ops = [voted("U0A", 10), voted("U0B", 15, began_s=1.5), voted("U0A", 20, "reject")]
    closed = a_round(closed_at=MONDAY, result="approved")
    assert votes(ops, closed, ballot("U0A", 10), ballot("U0B", 15)) == []


def test_a_result_that_is_not_that_of_the_ballots_is_seen() -> None:
    ops = [voted("U0A", 10), voted("U0B", 15)]
    both = (ballot("U0A", 10), ballot("U0B", 15))
    assert votes(ops, a_round(closed_at=MONDAY, result="rejected"), *both) == [
        "R-1 came to rejected, its votes to approved"
    ]
    assert votes(ops, a_round(), *both) == ["R-1 has 2 votes and is open"]
    assert votes(ops, a_round(closed_at=MONDAY), *both) == ["R-1 is half closed"]
    closed_by_one = a_round(quorum=1, closed_at=MONDAY, result="approved")
    assert votes(ops, closed_by_one, *both) == ["R-1 took 2 votes, 1 close it"]


# 5


def test_an_illegal_move_a_fork_and_a_status_without_a_move_are_seen() -> None:
    def went(status: str, *moves: tuple[str, str]) -> list[str]:
        rows = [Row(requirement=1, number=at, before=a, after=b) for at, (a, b) in enumerate(moves, 1)]
        return checks.paths(found(requirements=[Row(number=1, status=status)], moves=rows))

    assert went("shipped", ("new", "in_review"), ("in_review", "accepted"), ("accepted", "shipped")) == []
    assert went("new", ("new", "solved")) == ["R-1 went new -> solved when it was new", "R-1 is new and went to solved"]
    fork = went("declined", ("new", "in_review"), ("in_review", "accepted"), ("in_review", "declined"))
    assert fork == ["R-1 went in_review -> declined when it was accepted"]


# 6 and 7


def test_a_state_that_repeating_changed_and_words_of_another_workspace_are_seen() -> None:
    before, after = {"feedback": ((("number", "1"),),)}, {"feedback": ((("number", "2"),),)}
    assert checks.same(before, before, "repeating") == []
    assert checks.same(before, after, "repeating") == [
        "repeating changed feedback: 1 new or changed, 1 gone or changed"
    ]
    assert checks.unspoken(["secret"], "a secret") == ["another workspace's words were seen: secret"]
