"""Plain rules: no session, no clock, no Slack."""
