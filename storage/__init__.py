"""Remembers: tables, and the queries beside them."""
