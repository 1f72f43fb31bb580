"""Home follows what its owner does: beside their gestures, once for a burst, and the newest drawing stands."""

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import count

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.i18n import say
from bot.services import feedback
from handlers.slack import home, redraws
from handlers.slack.home import Drawing
from handlers.slack.redraws import Redraws
from practice.people import Person
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")
_cases = count(1)


def newcomer(office: Office) -> Person:
    return office.ws.person(f"Redrawn {next(_cases)}")


def published(office: Office, person: Person) -> int:
    """Count how often a person's Home was drawn, in vain or not."""
    return sum(document["user_id"] == person.id for document in workspace.documents(office, "views.publish"))


def follows(office: Office, person: Person, words: str) -> None:
    office.ws.eventually(lambda: person.home and words in person.home.text(), what=words)


def client(office: Office) -> WebClient:
    return WebClient(office.ws.bot_token, office.ws.api_url, retry_handlers=[])


def test_what_one_files_votes_on_and_takes_back_is_seen_in_ones_home(office: Office) -> None:
    reviewer = workspace.new_reviewer(office, f"Redrawn {next(_cases)}")
    reviewer.opens_home()
    number = workspace.file(office, office.alice, "They need a vote.")
    reviewer.opens_home()
    follows(office, reviewer, "Waiting for your vote: 1")
    assert reviewer.presses("Approve", on=workspace.card(office, number)).ok
    follows(office, reviewer, say("en", "through.nothing"))
    own = workspace.file(office, reviewer, "They need an export.")
    follows(office, reviewer, "They need an export")
    assert reviewer.presses("Undo", on=workspace.receipt(office, own)).ok
    follows(office, reviewer, "Tell Needline what your customers say")


def test_ones_own_language_is_ones_homes_at_once(office: Office) -> None:
    person = newcomer(office)
    view = person.opens_home()
    person.presses("Your settings", on=view)
    person.picks("own_language", "Simplified Chinese")
    assert person.submits().ok
    follows(office, person, "把客户的原话告诉 Needline")


def test_the_home_of_who_never_opened_it_is_not_drawn(office: Office) -> None:
    person, other = newcomer(office), newcomer(office)
    other.opens_home()
    workspace.file(office, person, "They need nothing on top.")
    workspace.file(office, other, "They need a witness.")
    follows(office, other, "They need a witness")
    time.sleep(redraws.SOON_S)
    assert published(office, person) == 0


def test_what_is_refused_and_what_only_opens_a_form_draws_nothing(office: Office) -> None:
    person = newcomer(office)
    person.opens_home()
    before = published(office, person)
    workspace.open_form(person)
    person.closes()
    number = workspace.file(office, office.alice, "They need others.")
    person.presses("Approve", on=workspace.card(office, number))
    time.sleep(redraws.SOON_S * 2)
    assert published(office, person) == before


def test_a_burst_of_gestures_is_one_drawing_or_two(office: Office) -> None:
    reviewer = workspace.new_reviewer(office, f"Redrawn {next(_cases)}")
    cards = [
        workspace.card(office, workspace.file(office, office.alice, f"They need burst {number}."))
        for number in range(3)
    ]
    reviewer.opens_home()
    before = published(office, reviewer)
    began = time.monotonic()
    for card in cards:
        for choice in ("Approve", "Reject", "Abstain"):
            assert reviewer.presses(choice, on=card).ok
    took = time.monotonic() - began
    follows(office, reviewer, say("en", "through.nothing"))
    time.sleep(redraws.AGAIN_S)
    assert 1 <= published(office, reviewer) - before <= 2 + took / redraws.AGAIN_S


def test_the_acknowledgement_does_not_wait_for_it(office: Office) -> None:
    person = newcomer(office)
    person.opens_home()
    office.ws.faults.add("views.publish", "delay", seconds=1.0, times=1)
    began = time.monotonic()
    workspace.open_form(person, "They need speed.")
    workspace.choose_customer(person, "Acme")
    answer = person.submits()
    assert answer.closed
    assert time.monotonic() - began < 1.0
    follows(office, person, "They need speed")


def test_a_home_slack_does_not_take_just_now_is_drawn_when_it_says(office: Office) -> None:
    person = newcomer(office)
    person.opens_home()
    office.ws.faults.add("views.publish", "rate_limited", retry_after=1, times=1)
    began = time.monotonic()
    workspace.file(office, person, "They need patience.")
    follows(office, person, "They need patience")
    assert time.monotonic() - began >= 1.0


# -- of two drawings at the same time the newest stands


def test_an_older_drawing_that_arrives_late_is_drawn_anew_and_does_not_win(office: Office) -> None:
    person = newcomer(office)
    person.opens_home()
    fault = office.ws.faults.add("views.publish", "delay", seconds=1.5, times=1)
    looking = threading.Thread(target=person.opens_home)  # its drawing is made now and is on its way for long
    looking.start()
    office.ws.eventually(lambda: fault.hits, what="the older drawing is on its way")
    workspace.file(office, person, "They need the newest.")
    looking.join()
    follows(office, person, "They need the newest")
    time.sleep(redraws.AGAIN_S)
    assert person.home
    assert "They need the newest" in person.home.text()
    assert any(call.error == "hash_conflict" for call in office.ws.ledger.calls("views.publish"))


def test_without_the_hash_the_older_drawing_would_win(office: Office) -> None:
    person, slack = newcomer(office), client(office)
    person.opens_home()
    older = drawing(office, person)()
    file_in_the_database(office, person, "They need the newest.")
    home.settle(office.needline.edge, slack, office.ws.team_id, person.id, drawing(office, person))
    follows(office, person, "They need the newest")
    with pytest.raises(SlackApiError, match="hash_conflict"):
        slack.views_publish(user_id=person.id, view=older.view, hash=older.replaces)
    assert person.home
    assert "They need the newest" in person.home.text()
    slack.views_publish(user_id=person.id, view=older.view)
    assert person.home
    assert "They need the newest" not in person.home.text()


def drawing(office: Office, person: Person) -> Callable[[], Drawing]:
    return partial(home.drawing, office.needline.edge, office.ws.team_id, person.id)


def file_in_the_database(office: Office, person: Person, words: str) -> None:
    with office.needline.database.begin(quiet=True) as session:
        actor, draft = Actor(office.ws.team_id, person.id), Draft(words=words, customer_name="Acme")
        feedback.file(session, actor, draft, office.needline.now(), key=f"redraw:{next(_cases)}")


def test_many_drawings_at_once_end_with_the_newest(office: Office) -> None:
    person = newcomer(office)
    person.opens_home()
    edge, slack = office.needline.edge, client(office)

    def act(number: int) -> None:
        file_in_the_database(office, person, f"They need wish {number}.")
        home.show(edge, slack, office.ws.team_id, person.id)

    together = [threading.Thread(target=act, args=(number,)) for number in range(6)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert person.home
    assert all(f"They need wish {number}" in person.home.text() for number in range(6))


def test_a_hash_that_was_never_noted_is_overcome(office: Office) -> None:
    person, slack = newcomer(office), client(office)
    person.opens_home()
    slack.views_publish(user_id=person.id, view=drawing(office, person)().view)  # and whoever did it died
    file_in_the_database(office, person, "They need to go on.")
    home.show(office.needline.edge, slack, office.ws.team_id, person.id)
    assert person.home
    assert "They need to go on" in person.home.text()


# -- the queue itself


def drawn_by(worked: list[str]) -> Callable[[WebClient, str], None]:
    return lambda _client, user_id: worked.append(user_id)


def test_strangers_to_home_cost_one_look_at_the_database_and_no_more() -> None:
    looks, worked = [], list[str]()

    def openers() -> set[str]:
        looks.append(1)
        return {"UHOME"}

    queue = Redraws()
    queue.begin(drawn_by(worked), openers)
    for _ in range(3):
        for number in range(200):
            queue.want(WebClient(), f"U{number}", within=0)
        time.sleep(0.1)
    queue.want(WebClient(), "UHOME", within=0)
    time.sleep(0.1)
    queue.stop()
    assert worked == ["UHOME"]
    assert len(looks) == 1


def test_no_more_homes_are_drawn_than_slack_takes() -> None:
    worked = list[str]()
    users = {f"U{number}" for number in range(redraws.MOST + 20)}
    queue = Redraws()
    queue.begin(drawn_by(worked), lambda: users)
    for user_id in sorted(users):
        queue.want(WebClient(), user_id, within=0)
    time.sleep(0.3)
    queue.stop()
    assert len(worked) == redraws.MOST
