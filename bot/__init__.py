"""What is right and what can be done: rules, use-cases, delivery, configuration."""
