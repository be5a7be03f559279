"""How Sphinx builds the web site; `make site` calls it. Pages: `cnnkit.course.site`."""

import cnnkit

project = "cnnkit"
author = "cnnkit contributors"
copyright = "cnnkit contributors, Apache-2.0"
version = release = cnnkit.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "cnnkit.course.site.extension",
]
nb_execution_mode = "off"
nb_mime_priority_overrides = [("*", "image/webp", 45)]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Input shape", "Output shape"]
nitpicky = False

html_theme = "pydata_sphinx_theme"
html_title = "cnnkit"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sphinx = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {
    page: [] for page in ("index", "claims", "architectures", "runs", "benchmarks")
}
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "navigation_depth": 2,
}
