"""One function per thing a person can do. Takes a session, never commits."""
