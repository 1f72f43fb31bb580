"""A record is filed in haste, put right, taken back and taken up again, in English and in Chinese."""

import pytest

from bot.i18n import say
from practice.people import Person
from tests import workspace
from tests.workspace import Office, locale

TOLD = {
    "alice": {
        "hasty": "They need the invoices as XLSX.",
        "better": "They need the invoices as CSV, 300 a month.",
        "find": "find invoices csv",
    },
    "meiling": {
        "hasty": "希望发票可以导出为 XLSX。",
        "better": "希望发票可以导出为 CSV，每月 300 张。",
        "find": "查找 发票 csv",
    },
}


def button(person: Person, name: str) -> str:
    return say(locale(person), f"button.{name}")


def read(person: Person) -> str:
    assert person.modal
    return person.modal.text()


@pytest.mark.parametrize("name", TOLD)
def test_from_a_hasty_word_to_a_requirement_that_says_what_is_meant(own_office: Office, name: str) -> None:
    office, told = own_office, TOLD[name]
    filer: Person = getattr(office, name)
    tongue = locale(filer)
    number = workspace.file(office, filer, told["hasty"])
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    ref = f"R-{workspace.requirement(office, number)}"

    # Bob votes on what he reads; then the filer puts the words right, and Bob hears so.
    office.bob.presses("Approve", on=card)
    filer.presses(button(filer, "view"), on=receipt)
    filer.presses(button(filer, "edit"))
    filer.fills("words", told["better"])
    assert filer.submits().closed
    office.ws.eventually(lambda: told["better"] in read(filer))
    heard = office.ws.eventually(lambda: workspace.in_dm(office.bob, ref))[0]
    assert f"> {told['better']}" in heard.text
    office.bob.presses("Details", on=heard)
    assert f"> {told['hasty']}" in read(office.bob)

    # The manager says what is to be built.
    office.mara.chooses("Edit requirement", on=card)
    office.mara.fills("title", "Invoices as CSV")
    office.mara.fills("description", "One file a month.")
    assert office.mara.submits().closed
    office.ws.eventually(lambda: f"{ref} · Invoices as CSV" in card.text)

    # The customer wants it no more, and a day later wants it again.
    filer.presses(button(filer, "view"), on=receipt)
    filer.presses(button(filer, "withdraw"))
    office.ws.eventually(lambda: button(filer, "reopen") in read(filer))
    office.ws.eventually(lambda: card.text == say("en", "card.withdrawn", ref=ref, name=filer.name))
    assert filer.sends(f"/feedback {told['find']}").text.startswith(say(tongue, "find.nothing", words="")[:6])
    filer.sends(f"/feedback F-{number}")
    filer.presses(button(filer, "reopen"))
    office.ws.eventually(lambda: card.buttons() == ["Approve", "Reject", "Abstain"])
    assert "No votes yet" in card.text

    # Anybody finds it again and votes; the filer hears of it, and nobody heard anything twice.
    found = filer.sends(f"/feedback {told['find']}").text
    assert f"F-{number}" in found
    assert ref in found
    for voter in (office.bob, office.dora):
        voter.presses("Approve", on=card)
    news = office.ws.eventually(lambda: receipt.replies)
    workspace.quiet(office)
    assert len(news) == 1
    assert say(tongue, "status.accepted") in news[0].text
    assert len(workspace.in_dm(office.bob, ref)) == 1
