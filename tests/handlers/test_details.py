"""What the details show to whom, and the history in them."""

from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.i18n import say
from bot.services import votes
from practice.people import Person
from storage import feedback as feedback_store
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")


def details(person: Person, number: int) -> str:
    """Return what a person reads of F-`number`."""
    assert person.sends(f"/feedback F-{number}").ok
    assert person.modal
    words = person.modal.text()
    person.closes(everything=True)
    return words


def in_order(text: str, *parts: str) -> bool:
    """Say whether the parts stand in a text in this order."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def bind(office: Office, number: int, requirement: int) -> None:
    """Let feedback ask for a requirement of others."""
    with office.needline.database.begin() as session:
        feedback_store.change(session, office.ws.team_id, number, requirement=requirement)


def test_the_history_tells_everything_in_the_order_of_time(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need a history.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    office.bob.chooses("Ask", on=card)
    office.bob.fills("Your question", "Which one?")
    office.bob.submits()
    asked = office.ws.eventually(lambda: receipt.replies)[0]
    office.alice.presses("Reply", on=asked)
    office.alice.fills("Your answer", "A short one.")
    office.alice.submits()
    office.alice.sends(f"/feedback F-{number}")
    office.alice.presses("Edit")
    office.alice.fills("words", "They need a short history.")
    office.alice.submits()
    office.mara.chooses("Change status", on=card)
    office.mara.fills("sentence", "We write it.")
    office.mara.fills("target", "2099-12")
    office.mara.submits()
    workspace.quiet(office)
    office.alice.closes(everything=True)
    assert in_order(
        details(office.dora, number),
        "They need a short history.",
        "planned for December 2099",
        "filed by Alice",
        "In review, the vote opened",
        "Bob asked the requester",
        "> Which one?",
        "Alice answered",
        "> A short one.",
        "Alice changed the words and the title. Before, it said:",
        "> They need a history.",
        "Accepted, by Mara. “We write it.”",
    )


def test_the_history_tells_moments_in_the_readers_own_zone(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need it on my clock.")
    with office.needline.database.read() as session:
        item = feedback_store.get(session, office.ws.team_id, number)
    assert item
    assert office.meiling.sends(f"/feedback F-{number}").ok
    assert office.meiling.modal
    drawn = str(office.meiling.modal.blocks)
    assert f"<!date^{int(item.filed_at.timestamp())}^{{date_short_pretty}} {{time}}|" in drawn
    office.meiling.closes(everything=True)
    workspace.quiet(office)


def test_the_target_is_shown_as_long_as_it_holds(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need a target.")
    card = workspace.card(office, number)
    office.mara.chooses("Change status", on=card)
    office.mara.fills("target", "Sprint 7")
    office.mara.submits()
    office.mara.chooses("Change status", on=card)
    office.mara.picks("status", "In progress")
    office.mara.submits()
    assert say("en", "details.target", target="Sprint 7") in details(office.bob, number)
    workspace.quiet(office)


def test_the_others_who_ask_for_it_are_named_but_for_hidden_customers(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need company.", "Acme")
    requirement = workspace.requirement(office, number)
    plain = workspace.file(office, office.meiling, "Do they need company?", "Lumar", kind="question")
    hidden = workspace.file(office, office.meiling, "They, too?", "Kesselbrück", kind="question", hide_customer="yes")
    for other in (plain, hidden):
        bind(office, other, requirement)
    shown = f"F-{plain} Lumar, F-{hidden} {{}}"
    for person, name in (
        (office.bob, say("en", "customer.hidden")),
        (office.alice, say("en", "customer.hidden")),
        (office.mara, "Kesselbrück"),
    ):
        assert say("en", "details.others", n=2, others=shown.format(name)) in details(person, number)
    assert "Kesselbrück" in details(office.meiling, number)
    others = f"F-{number} Acme、F-{plain} Lumar"
    assert say("zh_Hans", "details.others", n=2, others=others) in details(office.meiling, hidden)
    workspace.quiet(office)


def test_a_customer_or_speaker_who_was_ever_hidden_stays_out_of_the_history(office: Office) -> None:
    number = workspace.file(
        office, office.alice, "They need secrecy.", "Kesselbrück", hide_customer="yes", said_by="Ingrid Secret"
    )
    office.alice.sends(f"/feedback F-{number}")
    office.alice.presses("Edit")
    workspace.choose_customer(office.alice, "Acme")
    office.alice.fills("said_by", "Somebody")
    office.alice.unpicks("hide_customer")
    assert office.alice.submits().closed
    workspace.quiet(office)
    office.alice.closes(everything=True)
    read = details(office.bob, number)
    assert "Alice changed the customer, who said it, and who may see the customer" in read
    assert "Acme" in read
    for secret in ("Kesselbrück", "Ingrid"):
        assert secret not in read


def vote(office: Office, person: Person, number: int, choice: Choice, why: str) -> None:
    requirement = workspace.requirement(office, number)
    actor = workspace_actor(office, person)
    with office.needline.database.begin() as session:
        votes.cast(session, actor, requirement, choice, office.ws.clock.epoch(), office.needline.now())
        votes.say_why(session, actor, requirement, why, office.needline.now())


def workspace_actor(office: Office, person: Person) -> Actor:
    return Actor(office.ws.team_id, person.id)


def test_an_open_blind_vote_names_who_voted_not_how_nor_why(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need a blind vote.")
    vote(office, office.bob, number, Choice.REJECT, "Too dear.")
    read = details(office.dora, number)
    assert "Bob" in read
    assert "Reject" not in read
    assert "Too dear" not in read
    vote(office, office.dora, number, Choice.REJECT, "Too early.")
    read = details(office.emil, number)
    assert "Bob (Reject)" in read
    assert "Bob: Too dear." in read
    workspace.quiet(office)


def test_an_anonymous_vote_counts_and_names_nobody_even_when_it_is_over(office: Office) -> None:
    workspace.set_policy(office, vote={"quorum": 2, "anonymous": True})
    number = workspace.file(office, office.alice, "They need an anonymous vote.")
    vote(office, office.bob, number, Choice.REJECT, "Too dear.")
    assert "Bob" not in details(office.dora, number)
    vote(office, office.dora, number, Choice.APPROVE, "Still right.")
    read = details(office.emil, number)
    assert in_order(read, "Still right.", "Too dear.")
    assert "Bob" not in read
    assert "Dora" not in read
    workspace.quiet(office)


def test_everything_is_in_the_readers_language(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need 中文.")
    office.alice.sends(f"/feedback F-{number}")
    office.alice.presses("Edit")
    office.alice.fills("words", "They need 中文 too.")
    office.alice.submits()
    office.alice.closes(everything=True)
    workspace.quiet(office)
    office.mara.sends(f"/feedback F-{number}")
    office.mara.presses("Withdraw")
    workspace.quiet(office)
    read = details(office.meiling, number)
    assert "Alice 修改了以下内容：客户原话和标题。修改前：" in read
    assert "：Mara 撤回" in read
