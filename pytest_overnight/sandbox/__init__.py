"""The box around everything that agent-written code touches."""
