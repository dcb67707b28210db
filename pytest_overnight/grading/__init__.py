"""What the work was worth: hidden tests in a process that never imports agent code."""
