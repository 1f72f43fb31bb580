"""A newcomer's first visit: the five steps of the demo's guide, followed by nothing but what the page says."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from screen import Screen, Sit

from bot import demo
from bot.demo import Team

LIVE = "This is live now. Thank you for bringing it to us; please tell your customer."


@pytest.fixture
def team() -> Iterator[Team]:
    with demo.team(port=0, merge_s=0.1) as team:
        yield team


@pytest.mark.timeout(90)
def test_the_five_steps_close_the_loop(team: Team, sit: Sit) -> None:
    screen = sit(team.people["alice"], team.workspace.url)
    guide, card = screen.page.locator("#guide"), screen.message("Orders without a budget")
    screen.goes(team.channels["triage"])
    expect(guide).to_contain_text("step 1 of 5")
    screen.types("/feedback Orders without a budget should wait.")
    screen.chooses("Customer", "Add “Acme”", query="Acme")
    screen.submits("File")
    expect(guide).to_contain_text("step 2 of 5")
    for name in ("Bob", "Farah"):
        becomes(screen, name)
        screen.button("Approve", card).click()
        expect(screen.message("Your vote on")).to_be_visible()
    expect(guide).to_contain_text("step 3 of 5")
    becomes(screen, "Dora")
    screen.button("Approve", card).click()
    expect(card).to_contain_text("Vote: Approved")
    expect(guide).to_contain_text("step 4 of 5")
    becomes(screen, "Mara")
    screen.picks(card, "Change status")
    screen.chooses("New status", "Shipped")
    expect(screen.modal.get_by_label("A sentence for the requester")).to_have_value(LIVE)
    screen.submits("Change")
    expect(guide).to_contain_text("step 5 of 5")
    becomes(screen, "Alice")
    expect(screen.page.locator("#messages")).to_contain_text(LIVE)
    expect(guide).to_contain_text("That was the whole path")


def becomes(screen: Screen, name: str) -> None:
    """Press the guide's button and see the page through those eyes."""
    screen.button(f"Be {name}", screen.page.locator("#guide")).click()
    expect(screen.page.locator("#who option:checked")).to_contain_text(name)


def test_the_guide_can_be_put_away_and_brought_back(team: Team, sit: Sit) -> None:
    screen = sit(team.people["alice"], team.workspace.url)
    screen.goes(team.channels["triage"])
    screen.button("Put the guide away").click()
    expect(screen.page.locator("#guide")).not_to_be_visible()
    screen.goes(team.channels["triage"])
    expect(screen.page.locator("#place")).not_to_be_empty()
    expect(screen.page.locator("#guide")).not_to_be_visible()
    screen.button("Guide").click()
    expect(screen.page.locator("#guide")).to_contain_text("step 1 of 5")
