"""What Sphinx is taught: formulas, descriptions of figures, identifiers of cells."""

import hashlib
import inspect
import re
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util.inspect import stringify_signature

HERE = Path(__file__).parent
STILL = "A still of an explorer: it moves when the notebook runs."


def setup(app):
    code = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))
    # pages that were made by other code are made anew
    app.add_config_value("site_code", hashlib.sha256(code).hexdigest(), "env", [str])
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.connect("doctree-read", _cells)
    app.connect("html-page-context", _headers)
    app.connect("autodoc-process-docstring", _docstring, priority=400)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# ---- formulas: MathML, which browsers draw without a script ------------------------


def _inline(self, node):
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _display(self, node):
    formula = convert(node.astext(), display="block")
    self.body.append(f'<div class="math" tabindex="0">{formula}</div>')
    raise nodes.SkipNode


def _headers(app, pagename, templatename, context, doctree):
    """A header of a table without words is no header."""
    if "body" in context:
        empty = r'<th class="head([^"]*)">\s*(?:<p></p>)?\s*</th>'
        context["body"] = re.sub(empty, r'<td class="head\1"></td>', context["body"])


# ---- cells: an identifier each, a description for each figure ----------------------


def _cells(app, doctree):
    for cell in list(doctree.findall(nodes.container)):
        facts = cell.get("cell_metadata", {}).get("cnnkit")
        if not facts:
            continue
        cell["ids"].append(facts["id"])
        bundles = [
            images
            for bundle in cell.findall(nodes.container)
            if bundle.get("nb_element") == "mime_bundle"
            and (images := list(bundle.findall(nodes.image)))
        ]
        for images, figure in zip(bundles, facts["figures"], strict=True):
            for image in images:
                image["alt"] = figure["alt"]
                if figure["width"]:
                    image["width"] = f"{figure['width']}px"
                texts = [figure["alt"]] * figure["caption"] + [STILL] * facts["still"]
                if texts:
                    caption = nodes.caption("", "", *_caption(texts))
                    name = f"{facts['id']}-{figure['number']}"
                    still = nodes.figure("", image.deepcopy(), caption, ids=[name])
                    played = nodes.raw("", facts["player"], format="html")
                    image.replace_self([still, *[played] * bool(facts["player"])])


def _caption(texts):
    for k, words in enumerate(texts):
        if k:
            yield nodes.Text(" ")
        kind = ["still"] if words == STILL else []
        yield nodes.inline("", words, classes=kind)


# ---- docstrings: plain words become what Sphinx reads ------------------------------

FIELD = re.compile(r"^([a-z_0-9]+(?:, [a-z_0-9]+)*): (?=\S)")


def _docstring(app, what, name, obj, options, lines):
    """Bars and stars are no markup; set-in lines are kept as they are; fields listed.

    Before Napoleon, which reads the sections (`Args:` and the like) by their titles.
    """
    made, literal, example, field = [], False, False, False
    for k, line in enumerate(lines):
        before = lines[k - 1] if k else ""
        example = line.startswith(">>>") or (example and line.strip() != "")
        inset = line.startswith("    ")
        if not example:
            if inset and not before.strip() and not _in_section(lines, k):
                made += ["::", ""]
                literal = True
            literal = literal and (inset or not line.strip())
            if not literal:
                line = re.sub(r"(?<!`)\|", r"\\|", line)
            if FIELD.match(line) and (field or not before.strip()):
                line, field = FIELD.sub(r"* **\1**: ", line), True
            elif field and inset:
                line = "  " + line.strip()
            elif field and line.strip():
                made, field = [*made, ""], False
            field = field and bool(line.strip())
        made.append(line)
    lines[:] = made


def _signature(app, what, name, obj, options, signature, returns):
    """Keras's layers take anything in `__new__`: what counts is `__init__`."""
    if what == "class" and "__init__" in vars(obj):
        found = inspect.signature(obj.__init__)
        found = found.replace(parameters=list(found.parameters.values())[1:])
        return stringify_signature(found, unqualified_typehints=True), None
    return None


def _in_section(lines, k):
    """Whether the last line at the margin above line k is a section's title."""
    margin = [line for line in lines[:k] if line.strip() and not line.startswith(" ")]
    return bool(margin) and re.fullmatch(r"[A-Z][a-z ]+:", margin[-1]) is not None
