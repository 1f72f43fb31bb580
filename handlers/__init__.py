"""Talks to the outside: Slack's gestures and events, and HTTP."""
