"""Grading on top of nbgrader: fair, and safe against what strangers hand in."""

import sys

# nbformat's validator checks web addresses with it, of which a notebook has none, and
# its import takes 2 s; jsonschema does without.
sys.modules.setdefault("rfc3987_syntax", None)
