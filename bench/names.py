"""Who and where: the bench's workspaces, people and channels."""

DOOR = "T0BENCH"
"""The workspace the bot's token is of. The gestures come from others, so that sending can be stopped for them."""

TEAMS = 50
PEOPLE = 56
CUSTOMERS = 500


def team(number: int) -> str:
    """Return the id of a workspace."""
    return f"T0BENCH{number:02d}"


def person(number: int) -> str:
    """Return the id of a person; there are PEOPLE of them in every workspace."""
    return f"U0BENCH{number % PEOPLE:02d}"


def channel(name: str) -> str:
    """Return the id of a channel."""
    return f"C0{name.upper()}"
