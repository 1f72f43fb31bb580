"""Time zones whose clocks do all that clocks do, and wall times in them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ZONES = (
    *("Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Los_Angeles"),
    *("America/New_York", "America/Nuuk", "America/Santiago", "America/Sao_Paulo", "America/Scoresbysund"),
    *("America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kathmandu"),
    *("Asia/Kolkata", "Asia/Shanghai", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Adelaide"),
    *("Australia/Lord_Howe", "Europe/Berlin", "Europe/Chisinau", "Europe/Dublin", "Europe/London", "Pacific/Apia"),
    *("Pacific/Auckland", "Pacific/Chatham", "Pacific/Easter", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"),
)
"""Half-hour daylight saving, clocks that change at midnight, by two hours or backwards, and both sides of the date."""

BERLIN, SHANGHAI, DUBAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Dubai")


def local(zone: ZoneInfo, *when: int) -> datetime:
    """Return a wall time of a zone in UTC."""
    return datetime(*when, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type, misc]
