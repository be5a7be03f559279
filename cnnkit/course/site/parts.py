"""Small parts of pages: HTML and Markdown."""

import html
import re


def toctree(names, options=":hidden:") -> str:
    return f"```{{toctree}}\n{options}\n\n" + "\n".join(names) + "\n```\n"


def raw(content: str) -> str:
    return f"````{{raw}} html\n{content}\n````\n"


def spoken(words: str) -> str:
    """Markdown of one line as HTML: code, bold, emphasis and formulas in letters."""
    words = html.escape(words, quote=False)
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", words)
    words = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", words)
    words = re.sub(r"\*([^*]+)\*", r"<i>\1</i>", words)
    words = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", words)
    return re.sub(r"\$([^$]+)\$", lambda m: _formula(m[1]), words)


def _formula(source: str) -> str:
    from latex2mathml.converter import convert

    return convert(html.unescape(source))


def link(target: str, words: str, attributes: str = "") -> str:
    return f'<a href="{html.escape(target)}"{attributes}>{words}</a>'


def header(*names: str) -> str:
    return "".join(f'<th scope="col">{name}</th>' for name in names)


def amount(value) -> str:
    shown = "" if value in (None, "") else value
    shown = f"{shown:,}" if isinstance(shown, int) else shown
    return f'<td class="number">{shown}</td>'


def grid(name: str, top: str, rows: list[str], caption: str, kind: str = "") -> str:
    body = "\n".join(rows)
    return (
        f'<div class="table-scroll" tabindex="0" role="region" aria-label="{caption}">'
        f'<table class="table {kind}" id="{name}"><caption>{caption}</caption>'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
