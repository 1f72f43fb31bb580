"""People who move or change their language while Slack has trouble telling us so."""

from datetime import timedelta

from storage import people
from tests.workspace import Office


def zone_of(office: Office, user_id: str) -> str | None:
    with office.needline.database.read() as session:
        found = people.get(session, office.ws.team_id, user_id)
        return found.timezone if found else None


def test_news_of_a_person_that_comes_late_does_not_undo_newer_news(office: Office) -> None:
    office.bob.sends("/feedback help")
    office.ws.eventually(lambda: zone_of(office, office.bob.id) == "UTC")
    lost = office.ws.faults.add("event", "not_delivered", times=2)  # the first try, and the one at once after it
    office.ws.update_person(office.bob, tz="Europe/Berlin")
    office.ws.eventually(lambda: lost.hits == 2)
    office.ws.update_person(office.bob, tz="Asia/Tokyo")
    assert zone_of(office, office.bob.id) == "Asia/Tokyo"
    office.ws.clock.advance(timedelta(minutes=1))
    late = lambda: [one for one in office.ws.ledger.deliveries("event") if one.retry_num == 2 and one.ok]  # noqa: E731
    office.ws.eventually(late, what="Slack to bring the first news again")
    assert zone_of(office, office.bob.id) == "Asia/Tokyo"
