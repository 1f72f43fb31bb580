"""The objects out of which Block Kit's elements and blocks are made, as tables: texts, options, dialogs, rich text.

From https://docs.slack.dev/reference/block-kit/composition-objects and .../blocks/rich-text-block.
"""

from collections.abc import Mapping
from typing import Final

from practice.block_checks import Check, flag, listed, one_of, record, string, typed, whole
from practice.block_conditions import at_least_one, exactly_one

BLOCK_ID: Final = string(255)
ACTION_ID: Final = string(255)
WEB_URL: Final = string(3000, pattern=r"https?://\S+", like="a web address")
ANY_URL: Final = string(3000, pattern=r"[A-Za-z][A-Za-z0-9+.-]*:\S+", like="a URL")
NUMBER_STRING: Final = string(255, pattern=r"-?\d+(\.\d+)?", like="a number in a string")
TIME: Final = string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d", like="a time as HH:mm")
DATE: Final = string(10, pattern=r"\d{4}-\d{2}-\d{2}", like="a date as YYYY-MM-DD")
SLACK_ID: Final = string(255)


def plain(longest: int) -> Check:
    """Makes the check of a text object which must be plain_text."""
    return typed(texts(longest), ["plain_text"], "text")


def words(longest: int) -> Check:
    """Makes the check of a text object of either type, plain_text or mrkdwn."""
    return typed(texts(longest), ["plain_text", "mrkdwn"], "text")


def texts(longest: int) -> dict[str, Check]:
    """Gives the table of text objects up to a length, plain_text and mrkdwn."""
    return {
        "plain_text": record({"text": string(longest)}, {"emoji": flag}),
        "mrkdwn": record({"text": string(longest)}, {"verbatim": flag}),
    }


STYLE: Final = one_of("primary", "danger")
PLACEHOLDER: Final = plain(150)
CONFIRM: Final = record(
    {"title": plain(100), "text": words(300), "confirm": plain(30), "deny": plain(30)},
    {"style": STYLE},
)
# Only the options of checkboxes and radio buttons are shown with markup.
OPTION: Final = record({"text": plain(75), "value": string(150)}, {"description": plain(75)})
MARKED_OPTION: Final = record({"text": words(75), "value": string(150)}, {"description": words(75)})
LINK_OPTION: Final = record(
    {"text": plain(75), "value": string(150)},
    {"description": plain(75), "url": ANY_URL},
)
OPTION_GROUP: Final = record({"label": plain(75), "options": listed(OPTION, 1, 100)}, {})
SLACK_FILE: Final = record({}, {"id": string(30), "url": WEB_URL}, exactly_one("id", "url"))
DISPATCH_CONFIG: Final = record(
    {"trigger_actions_on": listed(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}, {}
)
CONVERSATION_FILTER: Final = record(
    {},
    {
        "include": listed(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_bot_users": flag,
        "exclude_external_shared_channels": flag,
    },
    at_least_one("include", "exclude_bot_users", "exclude_external_shared_channels"),
)
WORKFLOW: Final = record(
    {
        "trigger": record(
            {"url": WEB_URL},
            {
                "customizable_input_parameters": listed(
                    record({"name": string(3000), "value": string(3000)}, {}), 1, 100
                )
            },
        )
    },
    {},
)
FEEDBACK_BUTTON: Final = record({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})

# Rich text: parts (section, list, quote, preformatted) made of a line of elements.
_FACE: Final[Mapping[str, Check]] = dict.fromkeys(("bold", "italic", "strike", "underline"), flag)
_STYLED: Final[Mapping[str, Check]] = {"style": record({}, {**_FACE, "code": flag})}
_MENTION_STYLED: Final[Mapping[str, Check]] = {
    "style": record({}, {**_FACE, "highlight": flag, "client_highlight": flag, "unlink": flag})
}
_ANY_TEXT: Final = string(100_000)

INLINE: Final[dict[str, Check]] = {
    "text": record({"text": _ANY_TEXT}, _STYLED),
    "link": record({"url": ANY_URL}, {**_STYLED, "text": _ANY_TEXT, "unsafe": flag}),
    "user": record({"user_id": SLACK_ID}, _MENTION_STYLED),
    "usergroup": record({"usergroup_id": SLACK_ID}, _MENTION_STYLED),
    "channel": record({"channel_id": SLACK_ID}, _MENTION_STYLED),
    "team": record({"team_id": SLACK_ID}, _STYLED),
    "broadcast": record({"range": one_of("here", "channel", "everyone")}, _STYLED),
    "emoji": record({"name": string(255)}, {**_STYLED, "unicode": string(255), "skin_tone": whole(1, 6)}),
    "color": record(
        {"value": string(7, pattern=r"#?([0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})", like="a colour as #rrggbb")}, _STYLED
    ),
    "date": record(
        {"timestamp": whole(0, 9_999_999_999), "format": string(255)},
        {**_STYLED, "url": ANY_URL, "fallback": string(3000)},
    ),
}
_LINE: Final = listed(typed(INLINE, INLINE, "rich text element"), 0, 1000)
_BORDER: Final[Mapping[str, Check]] = {"border": whole(0, 1)}

RICH_PARTS: Final[dict[str, Check]] = {
    "rich_text_section": record({"elements": _LINE}, {}),
    "rich_text_quote": record({"elements": _LINE}, _BORDER),
    "rich_text_preformatted": record(
        {"elements": listed(typed(INLINE, ["text", "link"], "rich text element"), 0, 1000)}, _BORDER
    ),
}
RICH_PARTS["rich_text_list"] = record(
    {
        "style": one_of("bullet", "ordered"),
        "elements": listed(typed(RICH_PARTS, ["rich_text_section"], "part of a list"), 1, 1000),
    },
    {**_BORDER, "indent": whole(0, 8), "offset": whole(0, 100_000)},
)
RICH_ELEMENTS: Final = listed(typed(RICH_PARTS, RICH_PARTS, "part of rich text"), 1, 1000)
RICH_TEXT: Final = typed(
    {"rich_text": record({"elements": RICH_ELEMENTS}, {"block_id": BLOCK_ID})}, ["rich_text"], "block"
)
