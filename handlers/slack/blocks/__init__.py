"""Block Kit as pure functions: data and locale in, JSON out."""
