"""What is kept, for ever."""
