"""The practice page as one person has it before them, in a browser of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Playwright, ViewportSize, expect

from practice.handles import Channel
from practice.people import Person

DEBIAN = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 10_000

SEES_HOSTILE_DEEDS = "window.hacked = 0;"


def launch(playwright: Playwright) -> Browser:
    """Start Debian's Chromium, or the one Playwright brought where there is no such thing."""
    path = DEBIAN if DEBIAN.exists() else None
    expect.set_options(timeout=PATIENCE_MS)
    return playwright.chromium.launch(executable_path=path, args=[*QUIET, "--disable-sync"])


@dataclass(frozen=True)
class Screen:
    """One person's page. `troubles` collects what no page should do: script errors, dialogs, refused content."""

    page: Page
    url: str
    person: Person
    troubles: list[str]

    @property
    def modal(self) -> Locator:
        return self.page.locator("#modal")

    @property
    def place(self) -> Locator:
        return self.page.locator("#place")

    @property
    def composer(self) -> Locator:
        return self.page.locator("#composer textarea")

    def goes(self, channel: Channel | str = "", **more: str) -> None:
        """Open a conversation by its address; without one, the direct message with the app."""
        where = channel if isinstance(channel, str) else channel.id
        self.page.goto(f"{self.url}/?{urlencode({'as': self.person.id, 'in': where, **more})}")
        expect(self.place).not_to_be_empty()

    def types(self, words: str) -> None:
        """Write into the composer and send it."""
        self.composer.fill(words)
        self.composer.press("Enter")

    def message(self, containing: str) -> Locator:
        """Return the newest message that reads so."""
        return self.page.locator("#messages > .message").filter(has_text=containing).last

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """Return the button of exactly this name."""
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def chooses(self, label: str, words: str, query: str = "") -> None:
        """Pick from a menu of choices in the open modal, after typing a query if there is one."""
        box = self.modal.get_by_role("combobox", name=label, exact=True)
        box.click()
        if query:
            box.fill(query)
        self.modal.get_by_role("option", name=words, exact=True).click()

    def picks(self, message: Locator, words: str) -> None:
        """Choose from the overflow menu of a message's blocks."""
        message.locator(".bk-overflow").click()
        message.get_by_role("menuitem", name=words, exact=True).click()

    def submits(self, label: str) -> None:
        """Press the modal's submit button and see the modal close."""
        self.button(label, self.modal).click()
        expect(self.modal).not_to_be_visible()


Sit = Callable[..., Screen]
"""Seats a person at a screen: `sit(person, url, **options of the browser's context)`."""


def seated(context: BrowserContext, url: str, person: Person) -> Screen:
    """Give a person a page that writes down what goes wrong in it."""
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(SEES_HOSTILE_DEEDS)
    page, troubles = context.new_page(), list[str]()

    def dismissed(dialog: Dialog) -> None:
        troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda told: troubles.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", dismissed)
    page.on("popup", lambda popup: troubles.append(f"popup: {popup.url}"))
    return Screen(page, url, person, troubles)


def narrow() -> ViewportSize:
    """Return a small phone's width."""
    return ViewportSize(width=360, height=640)
