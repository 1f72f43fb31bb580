"""A workspace on this machine that plays Slack: for tests that read like stories, and for the demo."""
