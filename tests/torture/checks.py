"""The rules, each a plain function from what people saw and what is true in the end to what is wrong, in sentences.

1. acknowledged: exactly once in the database, with its effects  2. every message ends well and is shown once
3. each period once, one catch-up  4. each round is its voters' newest choices  5. requirements move legally
6. repeated deliveries change nothing  7. no workspace reaches another's rows
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from tests.torture.facts import Jump, Row, Shot, Shown, Tables
from tests.torture.ledger import Op, Press

LEGAL = {
    "new": {"in_review", "accepted", "declined", "deferred"},
    "in_review": {"accepted", "declined", "deferred"},
    "accepted": {"in_progress", "validating", "shipped", "declined", "deferred"},
    "in_progress": {"accepted", "validating", "shipped", "declined", "deferred"},
    "validating": {"in_progress", "shipped", "declined"},
    "shipped": {"solved", "in_progress"},
    "solved": set(),
    "declined": {"in_review"},
    "deferred": {"in_review"},
}
"""Written out again, so that a slip in the app's own table is seen."""


# -- 1. what was acknowledged


def kept(ops: Iterable[Op], found: Tables) -> list[str]:
    """Whatever was acknowledged is there exactly once; what was not, at most once."""
    places = {
        "file": Counter(row.words.split()[0] for row in found["feedback"]),
        "move": Counter(row.sentence for row in found["moves"]),
        "ask": Counter(row.question for row in found["questions"]),
        "reply": Counter(row.answer for row in found["questions"]),
        "answer": Counter(row.answer for row in found["feedback"]),
    }
    wrong = []
    for op in ops:
        if op.kind not in places:
            continue
        key = op.mark if op.kind == "file" else op.facts.get("text")
        wrong += _once(op, places[op.kind][key] if key else 0)
    return wrong


def _once(op: Op, count: int) -> list[str]:
    if count > 1:
        return [f"taken {count} times: {op.mark} of {op.who}"]
    return [f"lost: {op.mark} of {op.who}"] if op.acknowledged and not count else []


def effects(ops: Iterable[Op], found: Tables) -> list[str]:
    """What was filed has all that follows from it; what was taken back is; an edit stands until a later one."""
    feedback = {row.words.split()[0]: row for row in found["feedback"]}
    rounds = {row.requirement for row in found["rounds"]}
    letters = {row.key for row in found["outbox"]}
    wrong, edits = [], defaultdict(list)
    for op in ops:
        item = feedback.get(op.about)
        if item is None:
            continue  # said by `kept`
        if op.kind == "file" and op.acknowledged:
            wrong += _followed(op, item, rounds, letters)
        if op.kind == "undo" and op.acknowledged and item.state != "withdrawn":
            wrong.append(f"lost: {op.mark}, F-{item.number} is {item.state}")
        if op.kind == "edit" and "text" in op.facts:
            edits[op.about].append(op)
    return wrong + [line for mark, made in edits.items() for line in _edited(made, feedback[mark])]


def _followed(op: Op, item: Row, rounds: Collection[int], letters: Collection[str]) -> list[str]:
    wrong = [f"{op.mark} has no {kind}" for kind in ("card", "receipt") if f"{kind}:F-{item.number}" not in letters]
    if op.facts["what"] == "need" and item.requirement not in rounds:
        wrong.append(f"{op.mark} has no vote")
    return wrong


def _edited(made: Sequence[Op], item: Row) -> list[str]:
    """One person edits one thing at a time: the last acknowledged one stands, or one tried after it."""
    last = max((at for at, op in enumerate(made) if op.acknowledged), default=None)
    if last is None:
        return []
    possible = {op.facts["text"] for op in made[last:]}
    return [] if item.scenario in possible else [f"lost: {made[last].mark}, it says {item.scenario!r}"]


# -- 2. what was to be said


def outbox_ended(rows: Iterable[Row]) -> list[str]:
    """Every row is sent, superseded, or dead while an admin was written to about it."""
    rows = list(rows)
    notices = {row.about for row in rows if row.kind == "notice"}
    wrong = [f"{row.kind} {row.about} ended {row.state}" for row in rows if row.state not in _ENDS]
    return wrong + [
        f"{row.kind} {row.about} died of {row.detail} and nobody was told"
        for row in rows
        if row.state == "dead" and row.kind != "notice" and f"{row.lane}:{(row.detail or '')[:40]}" not in notices
    ]


_ENDS = ("sent", "superseded", "dead")


def alive(rows: Iterable[Row]) -> list[str]:
    """What died because a channel was closed was sent when it was open again and an admin pressed Try again."""
    return [f"{row.kind} {row.about} is dead for good" for row in rows if row.state == "dead" and row.lane == "triage"]


def shown_once(rows: Iterable[Row], messages: Iterable[Shown]) -> list[str]:
    """No row is shown twice, nothing is shown that is no row, and what was sent stands somewhere."""
    rows = list(rows)
    count = Counter(message.outbox_id for message in messages)
    known = {row.id: row for row in rows}
    wrong = [f"said {times} times: {_name(known.get(one), one)}" for one, times in count.items() if times > 1]
    wrong += [f"said, but nobody wrote it: {one}" for one in count if one not in known]
    wrong += [
        f"never shown: {row.kind} {row.about} of {row.lane}"
        for row in rows
        if row.state == "sent" and row.kind in ONE_EACH and not count[row.id]
    ]
    return wrong + _one_place(rows, count)


ONE_EACH = ("news", "note", "reopened", "reminder", "summary", "digest", "handover")
"""What is posted anew each time; cards, receipts and notices are redrawn where they stand."""


def _one_place(rows: Sequence[Row], count: Mapping[str, int]) -> list[str]:
    """A card and a receipt stand once, however often redrawn; not at all only if no row of theirs was sent."""
    ids = defaultdict(list)
    for row in rows:
        if row.kind in {"card", "receipt"}:
            ids[row.key].append(row)
    wrong = []
    for key, mine in ids.items():
        times = sum(count[row.id] for row in mine)
        if times > 1 or (not times and any(row.state == "sent" for row in mine)):
            wrong.append(f"{key} stands {times} times")
    return wrong


def _name(row: Row | None, row_id: str) -> str:
    return f"{row.kind} {row.about}" if row else row_id


# -- 3. what is done regularly


def periods(
    found: Tables,
    messages: Iterable[Shown],
    jumps: Sequence[Jump],
    last_due: Mapping[tuple[str, Jump], str | None],
) -> list[str]:
    """Every period that came was taken, of several missed at once the last; each digest stands once, nobody is
    reminded twice.

    `last_due` names the period each schedule was last due in, within a forward step of the clock.
    """
    taken = {(row.schedule, row.period) for row in found["periods"] if _is_shared(row.schedule)}
    wanted = {
        (name, period)
        for (name, jump), period in last_due.items()
        if period is not None and name in jump.planned and jump.planned[name] <= jump.after
    }
    possible = {(name, period) for (name, _), period in last_due.items() if period is not None}
    wrong = [f"missed: {name} {period}" for name, period in sorted(wanted - taken)]
    wrong += [f"too many: {name} {period}" for name, period in sorted(taken - possible)]
    return wrong + _said_once(found, messages, {period for name, period in taken if name == "digest"})


def _is_shared(schedule: str) -> bool:
    """Whether it is a schedule itself, not the note that one person was reminded."""
    return schedule == "digest" or "/" in schedule or schedule.endswith(":UTC")


def _said_once(found: Tables, messages: Iterable[Shown], digests: set[str]) -> list[str]:
    count = Counter(message.outbox_id for message in messages)
    said: Counter[tuple[str, str, str]] = Counter()
    for row in found["outbox"]:
        if row.kind in {"digest", "reminder", "summary"}:
            said[row.kind, row.lane, row.about] += count[row.id]
    wrong = [f"{kind} of {about} stands {times} times" for (kind, _, about), times in said.items() if times > 1]
    return wrong + [
        f"digest of {period} stands {said['digest', 'review', period]} times"
        for period in sorted(digests)
        if said["digest", "review", period] != 1
    ]


# -- 4. votes


def rounds(ops: Iterable[Op], found: Tables, jumps: Sequence[Jump]) -> list[str]:
    """Each ballot is a press of that person; none is older than one acknowledged before the round can have closed;
    a round closed at its quorum or its deadline, and came to what its ballots say."""
    numbers = {row.words.split()[0]: row.requirement for row in found["feedback"] if row.requirement}
    presses: dict[int, dict[str, list[Op]]] = defaultdict(lambda: defaultdict(list))
    for op in ops:
        if op.kind == "vote" and op.about in numbers:
            presses[numbers[op.about]][op.who].append(op)
    cast = defaultdict(list)
    for ballot in found["ballots"]:
        cast[ballot.requirement, ballot.round].append(ballot)
    decided = _decided(ops, numbers)
    wrong = []
    for vote in found["rounds"]:
        closing = _earliest_close(vote, presses[vote.requirement], jumps, decided.get(vote.requirement))
        for who, made in presses[vote.requirement].items():
            wrong += _counted(vote, who, made, cast[vote.requirement, vote.number], closing)
        wrong += _came_to(vote, cast[vote.requirement, vote.number])
    return wrong


def _decided(ops: Iterable[Op], numbers: Mapping[str, int]) -> dict[int, float]:
    """Requirement -> when somebody first began what ends its vote by itself: a decision, or taking it back."""
    began: dict[int, float] = {}
    for op in ops:
        if op.kind in {"move", "undo"} and op.about in numbers:
            number = numbers[op.about]
            began[number] = min(began.get(number, op.began_s), op.began_s)
    return began


def _earliest_close(
    vote: Row, by_person: Mapping[str, Sequence[Op]], jumps: Sequence[Jump], decided_s: float | None
) -> dict[str, float]:
    """Person -> the earliest time at which others, the deadline or a decision can have closed the round."""
    first = {who: min(op.began_s for op in made) for who, made in by_person.items()}
    over = [jump.at_s for jump in jumps if vote.due_at is not None and jump.after >= vote.due_at]
    outside = min([*over, *([decided_s] if decided_s is not None else [])], default=float("inf"))
    closing = {}
    for who in first:
        everybody = sorted(began for other, began in first.items() if other != who)
        needed = vote.quorum - 1  # our own vote may be the one that completes the quorum
        by_quorum = everybody[needed - 1] if 0 < needed <= len(everybody) else float("inf")
        closing[who] = min(outside, by_quorum)
    return closing


def _counted(
    vote: Row, who: str, made: Sequence[Op], ballots: Sequence[Row], closing: Mapping[str, float]
) -> list[str]:
    mine = [ballot for ballot in ballots if ballot.user_id == who]
    pressed = {press.action_us: press.choice for op in made for press in op.presses}
    wrong = []
    if len(mine) > 1:
        wrong.append(f"{who} has {len(mine)} votes on R-{vote.requirement}")
    wrong += [
        f"{who} never pressed {ballot.choice} on R-{vote.requirement} then"
        for ballot in mine
        if pressed.get(ballot.action_us) != ballot.choice
    ]
    must = [_oldest(op.presses) for op in made if op.acknowledged and op.ended_s < closing[who]]
    if must and not mine:
        wrong.append(f"lost: the vote of {who} on R-{vote.requirement}")
    elif must and max(ballot.action_us for ballot in mine) < max(must):
        wrong.append(f"lost: a newer vote of {who} on R-{vote.requirement}")
    if any(op.acknowledged for op in made) and not mine:
        wrong.append(f"lost: {who} was told of a vote on R-{vote.requirement} that is not there")
    return wrong


def _oldest(presses: Sequence[Press]) -> int:
    """An acknowledgement may be that of any press of its choice: at least the first counts."""
    return min(press.action_us for press in presses)


def _came_to(vote: Row, ballots: Sequence[Row]) -> list[str]:
    """The result is that of the ballots; nobody voted after the quorum closed it."""
    name = f"R-{vote.requirement}"
    if (vote.closed_at is None) != (vote.result is None):
        return [f"{name} is half closed"]
    if vote.closed_at is None and len(ballots) >= vote.quorum:
        return [f"{name} has {len(ballots)} votes and is open"]
    if len(ballots) > vote.quorum:
        return [f"{name} took {len(ballots)} votes, {vote.quorum} close it"]
    lead = sum(_WEIGHT[ballot.choice] for ballot in ballots)
    expected = "approved" if lead > 0 else "rejected" if lead < 0 else "undecided"
    if vote.result in {"approved", "rejected", "undecided"} and len(ballots) == vote.quorum and vote.result != expected:
        return [f"{name} came to {vote.result}, its votes to {expected}"]
    return []


_WEIGHT = {"approve": 1, "reject": -1, "abstain": 0}


# -- 5. statuses


def paths(found: Tables) -> list[str]:
    """Each requirement went from new by legal moves, each from where the last one led, to where it is."""
    moves = defaultdict(list)
    for move in sorted(found["moves"], key=lambda move: move.number):
        moves[move.requirement].append(move)
    wrong = []
    for requirement in found["requirements"]:
        at = "new"
        for number, move in enumerate(moves[requirement.number], 1):
            if move.before != at or move.after not in LEGAL[move.before] or move.number != number:
                wrong.append(f"R-{requirement.number} went {move.before} -> {move.after} when it was {at}")
            at = move.after
        if requirement.status != at:
            wrong.append(f"R-{requirement.number} is {requirement.status} and went to {at}")
    return wrong


def numbers(found: Tables) -> list[str]:
    """Numbers are given without a gap and never twice."""
    wrong = []
    for name in ("feedback", "requirements"):
        given = sorted(row.number for row in found[name])
        if given != list(range(1, len(given) + 1)):
            wrong.append(f"{name} are numbered with gaps or twice")
    return wrong


# -- 6. and 7.


def same(before: Mapping[str, Shot], after: Mapping[str, Shot], what: str) -> list[str]:
    """Two states are the same; says what of which table differs."""
    wrong = []
    for name in sorted(before.keys() | after.keys()):
        old, new = set(before.get(name, ())), set(after.get(name, ()))
        if old != new:
            wrong.append(f"{what} changed {name}: {len(new - old)} new or changed, {len(old - new)} gone or changed")
    return wrong


def unspoken(secrets: Collection[str], text: str) -> list[str]:
    """Nothing of another workspace was ever seen here."""
    return [f"another workspace's words were seen: {secret}" for secret in secrets if secret in text]


def due_between(times: Iterable[tuple[datetime, str]], jump: Jump) -> str | None:
    """Return the last period due within a step of the clock, None when there was none."""
    due = [period for when, period in times if jump.before < when <= jump.after]
    return due[-1] if due else None
