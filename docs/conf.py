"""Sphinx's settings; `make docs` builds with warnings as errors."""

import sys
from pathlib import Path

import groupwire

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "groupwire"
author = "the groupwire authors"
project_copyright = author
release = version = groupwire.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "commands",  # _ext/commands.py: the command line reference
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"groupwire {release}"
html_show_copyright = False
smartquotes = False  # two hyphens are an option, and stay two

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
add_module_names = False
