"""The first steps in Home: a triage channel, people, a review meeting; and what others read meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.i18n import say
from bot.policy import DEPARTMENTS, Policy
from bot.policy_words import value
from handlers.slack.blocks.settings import voice
from handlers.slack.blocks.settings_forms import field
from handlers.slack.blocks.text import Block, Mrkdwn, actions, button, context, modal, mrkdwn, plain, section

STEPS: dict[str, tuple[str, ...]] = {
    "triage": ("channels.triage",),
    "people": ("people.managers", "people.reviewers", *(f"departments.{name}" for name in DEPARTMENTS)),
    "review": ("channels.review", "workspace.timezone", "review.when", "review.every", "review.first", "review.lead"),
}
"""The steps in their order, and the keys of the policy that each sets."""

NEEDED = frozenset({"channels.triage", "people.managers"})
"""Without these their step is not done; in Settings they may be empty."""


@dataclass(frozen=True)
class Setup:
    """How far the first steps are, for somebody who looks at Home.

    `is_member`: whether we are in the triage channel; None while we do not know. `has_meeting`: somebody said when the
    review meeting is.
    """

    policy: Policy
    viewer: str
    is_member: bool | None
    has_meeting: bool

    def done(self) -> set[str]:
        """Return the steps that are done."""
        rules = self.policy
        done = {
            "triage": rules.channels.triage is not None and self.is_member is not False,
            "people": bool(rules.people.managers and rules.reviewers()),
            "review": self.has_meeting,
        }
        return {step for step, is_done in done.items() if is_done}


def first_steps(setup: Setup, locale: str) -> list[Block]:
    """Return what Home shows above all else until Needline is set up: the steps to admins, who is at it to others."""
    if not setup.policy.is_admin(setup.viewer):
        return _meanwhile(setup.policy, locale)
    done = setup.done()
    if len(done) == len(STEPS):
        return [section(mrkdwn(locale, "setup.complete"))]
    steps = [block for number, step in enumerate(STEPS, 1) for block in _step(setup, step, number, locale, done)]
    hide = button(say(locale, "button.setup_hide"), "setup_hide", "home")
    return [section(mrkdwn(locale, "setup.intro")), *steps, actions(hide)]


def _meanwhile(rules: Policy, locale: str) -> list[Block]:
    if not rules.people.admins:
        return [context(mrkdwn(locale, "setup.nobody"))]
    if rules.channels.triage is None:
        return [context(mrkdwn(locale, "setup.somebody", who=_people(locale, rules.people.admins)))]
    return []


def _people(locale: str, user_ids: Sequence[str]) -> Mrkdwn:
    return Mrkdwn(value(voice(locale), "people", user_ids))


def _step(setup: Setup, step: str, number: int, locale: str, done: set[str]) -> list[Block]:
    is_next = step not in done and all(former in done for former in list(STEPS)[: number - 1])
    chosen = step in done or _lacks_invitation(setup, step)
    label = "button.setup_change" if chosen else "button.setup_choose"
    style = {"style": "primary"} if is_next and not chosen else {}
    press = button(say(locale, label), "setup_open", step, **style)
    state = "setup.step_done" if step in done else "setup.step"
    head = say(locale, state, number=number, title=say(locale, f"setup.{step}"))
    text = Mrkdwn(f"{head}\n{_said(setup, step, locale, done)}")
    return [section(text, accessory=press), *_left_to_do(setup, step, locale)]


def _said(setup: Setup, step: str, locale: str, done: set[str]) -> str:
    """Return what a step came to, or what it is for."""
    rules = setup.policy
    if step not in done and not _lacks_invitation(setup, step):
        return say(locale, f"setup.{step}_why")
    if step == "triage":
        return say(locale, "said.channels.triage", value=voice(locale).channel(str(rules.channels.triage)))
    if step == "people":
        managers, reviewers = _people(locale, rules.people.managers), _people(locale, sorted(rules.reviewers()))
        return say(locale, "setup.people_said", managers=managers, reviewers=reviewers, quorum=rules.vote.quorum)
    return say(locale, "said.review.when", value=value(voice(locale), "moment", rules.review.when))


def _lacks_invitation(setup: Setup, step: str) -> bool:
    return step == "triage" and setup.policy.channels.triage is not None and setup.is_member is False


def _left_to_do(setup: Setup, step: str, locale: str) -> list[Block]:
    if not _lacks_invitation(setup, step):
        return []
    channel = Mrkdwn(f"<#{setup.policy.channels.triage}>")
    check = button(say(locale, "button.setup_check"), "setup_check", "home", style="primary")
    return [section(mrkdwn(locale, "settings.invite", channel=channel), accessory=check)]


def step_form(
    locale: str, step: str, contents: dict[str, dict[str, Any]], metadata: str, note: Sequence[Block] = ()
) -> Block:
    """Return the form of a step, filled with the policy's tables as plain data."""
    inputs: list[Block] = []
    for path in STEPS[step]:
        table, _, key = path.partition(".")
        inputs += field(locale, table, key, contents[table].get(key))
    inputs = [{**block, "optional": block["optional"] and block["block_id"] not in NEEDED} for block in inputs]
    return modal(
        "setup_save",
        say(locale, f"setup.{step}"),
        [*note, context(mrkdwn(locale, f"setup.{step}_intro")), *inputs],
        submit=plain(say(locale, "settings.save")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def unreadable(locale: str) -> Block:
    """Return the Home for when this version cannot read the settings."""
    return {"type": "home", "callback_id": "home", "blocks": [section(mrkdwn(locale, "failed.settings"))]}
