"""Who acts, and what roles allow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """The person behind a gesture. `locale` is one of ours."""

    team_id: str
    user_id: str
    locale: str = "en"
