"""Secrets and addresses, from the environment."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SLACK = "https://slack.com/api/"
APP_LEVEL = "xapp-"
NOT_SET = "is not set. See README, “Connect a real workspace”, or try `make demo`, which needs none"


class ConfigError(Exception):
    """The environment is not as Needline needs it; the message says what to do, in one line per fault."""


class StartError(Exception):
    """Needline cannot start; the message says why and what to do."""


class Config(BaseSettings):
    """What the environment says. Field names are the environment's, in lower case."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    slack_bot_token: SecretStr
    """The *Bot User OAuth Token* (`xoxb-…`) of your app's page, *OAuth & Permissions*."""
    slack_app_token: SecretStr | None = None
    """An app-level token (`xapp-…`) with `connections:write`. With one, Needline uses Socket Mode."""
    slack_signing_secret: SecretStr | None = Field(default=None, validate_default=True)
    """The *Signing Secret* of *Basic Information*. Required without an app token."""
    slack_api_url: str = SLACK
    """Slack's address. Another one is for the practice workspace."""
    database_url: str = "sqlite:///needline.db"
    """`sqlite:///` and a file, or `postgresql://user:password@host/name`."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=3000, ge=0, le=65535)
    """The port to listen on; 0 is any free one."""
    log_format: str = Field(default="console", pattern="^(console|json)$")
    """`console` for people, `json` for machines: one object a line, on standard error."""
    needline_admin: str | None = None
    """A user id (`U…`) that becomes admin at start while the settings name none."""
    needline_clock_url: str | None = None
    """Where the practice workspace tells the time. Refused with the real Slack."""

    def secrets(self) -> list[str]:
        """Return what must never be shown."""
        kept = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret)
        return [secret.get_secret_value() for secret in kept if secret]

    @field_validator("slack_bot_token", "slack_app_token", "slack_signing_secret")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty")
        return value

    @field_validator("slack_app_token")
    @classmethod
    def _app_level(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(APP_LEVEL):
            raise ValueError(
                f"must begin with {APP_LEVEL}: it is an app-level token, which you make on your app's page under "
                "“Basic Information”, with the scope connections:write"
            )
        return value

    @field_validator("slack_signing_secret")
    @classmethod
    def _needed_over_http(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("slack_app_token", ...) is None:
            raise ValueError(NOT_SET)
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @model_validator(mode="after")
    def _practice_clock_only_in_practice(self) -> "Config":
        if self.needline_clock_url and not (is_loopback(self.slack_api_url) and is_loopback(self.needline_clock_url)):
            raise ValueError("NEEDLINE_CLOCK_URL is for the practice workspace only: SLACK_API_URL must be on loopback")
        return self


class DatabaseConfig(BaseSettings):
    """The part of the environment that commands without Slack need."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str = "sqlite:///needline.db"
    log_format: str = Field(default="console", pattern="^(console|json)$")
    needline_clock_url: str | None = None

    @field_validator("needline_clock_url")
    @classmethod
    def _practice_clock_is_near(cls, value: str | None) -> str | None:
        if value is not None and not is_loopback(value):
            raise ValueError("is for the practice workspace only: it must be on loopback")
        return value


def load() -> Config:
    """Read the environment and `.env`. Raise ConfigError naming every variable that is missing or wrong."""
    try:
        return Config()
    except ValidationError as error:
        raise ConfigError("\n".join(map(_sentence, error.errors()))) from None


def load_database() -> DatabaseConfig:
    """Read what a command without Slack needs. Raise ConfigError likewise."""
    try:
        return DatabaseConfig()
    except ValidationError as error:
        raise ConfigError("\n".join(map(_sentence, error.errors()))) from None


def _sentence(error: object) -> str:
    assert isinstance(error, dict)  # noqa: S101 - pydantic's ErrorDetails
    name = ".".join(map(str, error["loc"])).upper()
    if error["type"] == "missing":
        return f"{name} {NOT_SET}."
    message = error["msg"].removeprefix("Value error, ")
    return f"{name} {message}." if name else f"{message}."


def is_loopback(url: str) -> bool:
    """Say whether an address stays on this machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
