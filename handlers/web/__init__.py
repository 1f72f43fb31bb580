"""The web server: Slack's requests and the health pages."""
