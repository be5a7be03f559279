"""Grading on top of nbgrader: fair, and safe against what strangers hand in."""
