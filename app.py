"""The entry point the Slack CLI starts (`slack run`). The same as `needline run`."""

from bot.cli import app

if __name__ == "__main__":
    app(["run"])
