"""nbgrader's configuration for this course; load it in a folder of your own.

Whoever starts the grading, `cnnkit grade`, `nbgrader autograde` or the formgrader's
button, gets the sandboxed kernel.
"""

import os
import sys
from pathlib import Path

# nbgrader calls alembic by its name, also where this environment is not activated
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ["PATH"]]
)

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "cnnkit"
c.CourseDirectory.source_directory = str(
    Path(__file__).resolve().parent / "lessons" / "exercises"
)
# wrong answers, with which the exercises' checks are tested
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
c.CourseDirectory.ignore += ["mutants.toml"]

grading = "cnnkit.course.grading.preprocessors."
nbgrader = "nbgrader.preprocessors."
c.GenerateAssignment.preprocessors = [
    grading + "Links",
    nbgrader + "IncludeHeaderFooter",
    nbgrader + "LockCells",
    nbgrader + "ClearSolutions",
    nbgrader + "ClearOutput",
    nbgrader + "CheckCellMetadata",
    nbgrader + "ComputeChecksums",
    nbgrader + "SaveCells",
    nbgrader + "ClearHiddenTests",
    nbgrader + "ClearMarkScheme",
    nbgrader + "ComputeChecksums",
    nbgrader + "CheckCellMetadata",
]
c.Autograde.sanitize_preprocessors = [grading + "Restore"]
c.Autograde.autograde_preprocessors = [
    grading + "Execute",
    "nbgrader.preprocessors.LimitOutput",
    grading + "Save",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Nothing that a student wrote acts in a reader's browser: feedback and formgrader.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.preprocessors = ["nbconvert.preprocessors.sanitize.SanitizeHTML"]
