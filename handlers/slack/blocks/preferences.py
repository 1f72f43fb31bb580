"""The form in which people choose for themselves."""

from datetime import date

from bot.i18n import say
from bot.policy import LANGUAGES, Policy, QuietTable
from bot.policy_words import Voice, value
from bot.services.summaries import WISHES
from handlers.slack.blocks.text import Block, choice, context, hinted, labelled, modal, mrkdwn, option, plain
from storage.people import Person

SLACKS, TEAMS, OWN = "slack", "team", "own"
"""The choices of leaving it to Slack, to the team, or making one's own."""


def preferences_form(locale: str, person: Person, rules: Policy, today: date, metadata: str) -> Block:
    """Return the form, filled with what holds for a person now. Who votes is asked about reminders too."""
    team = rules.quiet
    quiet_start, quiet_end = person.quiet_start or team.start, person.quiet_end or team.end
    weekends = person.quiet_weekends if person.quiet_start else team.weekends
    return modal(
        "preferences_save",
        say(locale, "preferences.title"),
        [
            context(mrkdwn(locale, "preferences.intro")),
            labelled(locale, "own_summary", choice(locale, "summary", list(WISHES), initial=person.summary)),
            *_reminders(locale, person, rules),
            labelled(locale, "own_language", _language(locale, person)),
            _quiet(locale, person, team),
            labelled(locale, "quiet_start", _time(quiet_start)),
            labelled(locale, "quiet_end", _time(quiet_end)),
            labelled(locale, "quiet_weekends", _weekends(locale, chosen=weekends), optional=True),
            *_away(locale, person, today),
        ],
        submit=plain(say(locale, "settings.save")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def _select(options: list[Block], chosen: str) -> Block:
    initial = next(one for one in options if one["value"] == chosen)
    return {"type": "static_select", "action_id": "select", "options": options, "initial_option": initial}


def _language(locale: str, person: Person) -> Block:
    slacks = say(locale, f"language.{person.slack_locale or person.locale}")
    options = [option(say(locale, "preferences.as_slack", language=slacks), SLACKS)]
    options += [option(say(locale, f"language.{name}"), name) for name in LANGUAGES]
    return _select(options, person.chosen_locale or SLACKS)


def _quiet(locale: str, person: Person, team: QuietTable) -> Block:
    options = [
        option(_teams(locale, team), TEAMS),
        option(say(locale, "preferences.own"), OWN),
    ]
    block = labelled(locale, "own_quiet", _select(options, OWN if person.quiet_start else TEAMS))
    return hinted(block, say(locale, "form.own_quiet.hint"))


def _teams(locale: str, team: QuietTable) -> str:
    if team.start == team.end:
        return say(locale, "preferences.as_team_none")
    start, end = (value(Voice(locale, str, str), "time", wall) for wall in (team.start, team.end))
    return say(locale, "preferences.as_team", start=start, end=end)


def _time(wall: str) -> Block:
    return {"type": "timepicker", "action_id": "time", "initial_time": wall}


def _weekends(locale: str, *, chosen: bool) -> Block:
    return _box(say(locale, "said.quiet.weekends_yes"), chosen=chosen)


def _reminders(locale: str, person: Person, rules: Policy) -> list[Block]:
    if not rules.is_reviewer(person.user_id):
        return []
    box = _box(say(locale, "preferences.remind"), chosen=person.reminders)
    block = labelled(locale, "own_reminders", box, optional=True)
    return [hinted(block, say(locale, "form.own_reminders.hint"))]


def _box(label: str, *, chosen: bool) -> Block:
    box = option(label, "yes")
    element: Block = {"type": "checkboxes", "action_id": "flag", "options": [box]}
    return {**element, "initial_options": [box]} if chosen else element


def _away(locale: str, person: Person, today: date) -> list[Block]:
    """Return the day on which a person is back; who is away can say that they are here again."""
    away = person.back_on is not None and person.back_on > today
    element: Block = {"type": "datepicker", "action_id": "date"}
    if away:
        element["initial_date"] = str(person.back_on)
    back = hinted(labelled(locale, "back_on", element, optional=True), say(locale, "form.back_on.hint"))
    if not away:
        return [back]
    box = option(say(locale, "preferences.here"), "here")
    here: Block = {"type": "checkboxes", "action_id": "here", "options": [box]}
    return [back, labelled(locale, "here_again", here, optional=True)]
