"""Feedback that is filed, and its details as somebody has them open."""

from practice.people import Person
from tests import workspace
from tests.workspace import Office


def filed(office: Office, words: str, person: Person | None = None, **fields: str) -> int:
    number = workspace.file(office, person or office.alice, words, **fields)
    workspace.card(office, number)
    return number


def open_details(person: Person, number: int) -> None:
    assert person.sends(f"/feedback F-{number}").ok
    assert person.modal


def text(person: Person) -> str:
    assert person.modal
    return person.modal.text()


def buttons(person: Person) -> list[str]:
    assert person.modal
    return person.modal.buttons()


def shows(office: Office, person: Person, words: str) -> None:
    """Wait until the open modal says so: it is redrawn after the form was taken."""
    office.ws.eventually(lambda: words in text(person), what=f"no {words!r} in the modal")
