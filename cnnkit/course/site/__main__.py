"""`python -m cnnkit.course.site`: builds the web site; `… readme`: renews README.md."""

import sys

from cnnkit.course.site import build

sys.exit(build.main(sys.argv[1:]))
