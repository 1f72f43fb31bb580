"""Slack's edge: one file per feature, each ending in `register(app)`."""
