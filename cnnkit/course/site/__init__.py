"""The web site and the front door: every page and number that is made from data.

`python -m cnnkit.course.site` (`make site`) builds `build/site` from stored outputs;
nothing is executed.  `python -m cnnkit.course.site readme` renews the parts of
`README.md` that are generated.
"""
