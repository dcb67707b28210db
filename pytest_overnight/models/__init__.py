"""Where an agent's words come from."""
