"""Pictures of what people see, taken in the practice workspace through headless Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bot.demo import Team, live_through, long_ago, team

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
"""Debian's; elsewhere the one that `playwright install chromium` brings."""

QUIET = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update")
SIZE = (1180, 700)
GUIDE_AWAY = "localStorage.setItem('practice.guide', 'away')"
SETTLED_MS = 1200
"""How long a page may take to draw what happened. Its live stream never falls silent, so there is no idle to await."""


def record(folder: Path) -> list[Path]:
    """Write the pictures into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with team(port=0, start=long_ago(), merge_s=0.2) as found:
        live_through(found)
        places = _places(found)
        with _chromium() as browser:
            return [_shoot(browser, found, place, folder / f"{name}.png") for name, place in places.items()]


@contextmanager
def _chromium() -> Iterator[Browser]:
    system = str(SYSTEM_CHROMIUM) if SYSTEM_CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=QUIET)
        yield browser
        browser.close()


def _places(found: Team) -> dict[str, str]:
    """Bring the surfaces about and return picture -> where on the page it is seen."""
    alice, meiling, bob = (found.people[key] for key in ("alice", "meiling", "bob"))
    triage = found.channels["triage"]
    alice.sends("/feedback Acme: Our auditors ask for a list of who approved what, by month.")
    meiling.sends("/feedback 青山物流: 希望审批记录可以按月导出。")
    return {
        "form": f"as={alice.id}&in={triage.id}",
        "form-zh": f"as={meiling.id}&in={triage.id}",
        "cards": f"as={bob.id}&in={triage.id}",
        "cards-dark": f"as={bob.id}&in={triage.id}&theme=dark",
        "thread": _thread(found),
    }


def _thread(found: Team) -> str:
    """Return where somebody reads that what they asked for has shipped."""
    for person in found.people.values():
        for receipt in person.dm():
            if "has shipped" in receipt.text and receipt.replies:
                return f"as={person.id}&in={receipt.channel.id}&thread={receipt.ts}"
    return ""


def _shoot(browser: Browser, found: Team, place: str, path: Path) -> Path:
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    page.add_init_script(GUIDE_AWAY)
    page.goto(f"{found.workspace.url}/?{place}")
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=path)
    page.close()
    return path
