"""The words that chat templates are made of; everything else is refused.

Gathered from the templates of the open models, by what they do: put text together,
ask about roles and types, walk lists of messages and tools.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATEMENTS = _words(
    "Template Output TemplateData For If Assign AssignBlock Macro Call Name NSRef "
    "Const Tuple List Dict Pair Keyword CondExpr Filter Test Getitem Getattr Slice "
    "Concat Compare Operand Add Sub Mul Div FloorDiv Mod Not Neg Pos And Or Break "
    "Continue Scope"
)
CALLS = frozenset({"range", "namespace", "dict", "raise_exception", "strftime_now"})
FORBIDDEN = frozenset({"self", "super", "lipsum", "cycler", "joiner", "caller"})
METHODS = _words(
    "strip lstrip rstrip split rsplit splitlines partition rpartition startswith "
    "endswith removeprefix removesuffix items keys values get upper lower title "
    "capitalize join replace index find rfind count isdigit isalpha isalnum "
    "isspace isupper islower"
)
FILTERS = _words(
    "trim length count tojson join upper lower title capitalize first last list string "
    "int float default d items dictsort map select reject selectattr rejectattr sort "
    "unique reverse replace indent abs round min max sum safe escape e"
)
TESTS = _words(
    "defined undefined none string mapping iterable sequence number integer float "
    "boolean true false eq equalto == ne != in odd even lt < le <= gt > ge >= sameas "
    "divisibleby lessthan greaterthan upper lower"
)
