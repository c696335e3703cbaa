"""The closed formula language of service sheets and rules, evaluated on whole arrays.

Allowed: numbers, texts, names; ``+ - * / // %``; one comparison at a time, ``in`` a list of
constants; ``and or not``; ``a if b else c``; and the functions of ``functions.FUNCTIONS``. All
else is refused when the sheet is loaded (docs/adr/0001).
"""

from costmodel.engine.formula.language import Formula, Scope, compile_formula
from costmodel.engine.formula.template import Template, compile_template

__all__ = ["Formula", "Scope", "Template", "compile_formula", "compile_template"]
