"""What is to be run: challenges, and the plan of a night."""
