"""Who does the work: the built-in tool loop, scripts, foreign agents."""
