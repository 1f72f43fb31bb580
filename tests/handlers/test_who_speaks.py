"""In which language somebody is answered: as the database said within the last minute, or when it last could."""

import pytest

from handlers.slack import who
from handlers.slack.who import FRESH_S, Languages
from tests.make import TEAM


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The present, in seconds; move it by writing into it."""
    now = [1000.0]
    monkeypatch.setattr(who.time, "monotonic", lambda: now[0])
    return now


def test_a_language_counts_for_a_minute_and_then_while_nobody_can_tell(moment: list[float]) -> None:
    languages = Languages()
    assert (languages.fresh(TEAM, "UMEI"), languages.last(TEAM, "UMEI")) == (None, "en")
    languages.learn(TEAM, "UMEI", "zh_Hans", fresh=True)
    moment[0] += FRESH_S - 1
    assert languages.fresh(TEAM, "UMEI") == "zh_Hans"
    moment[0] += 1
    assert (languages.fresh(TEAM, "UMEI"), languages.last(TEAM, "UMEI")) == (None, "zh_Hans")


def test_a_language_that_may_have_changed_is_asked_for(moment: list[float]) -> None:
    languages = Languages()
    languages.learn(TEAM, "UMEI", "zh_Hans", fresh=True)
    languages.forget(TEAM, "UMEI")
    assert (languages.fresh(TEAM, "UMEI"), languages.last(TEAM, "UMEI")) == (None, "zh_Hans")


def test_what_slack_alone_told_is_asked_of_the_database_again(moment: list[float]) -> None:
    languages = Languages()
    languages.learn(TEAM, "UMEI", "zh_Hans", fresh=False)
    assert languages.fresh(TEAM, "UMEI") is None
