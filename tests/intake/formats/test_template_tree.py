"""Only what puts text together may stand in a chat template."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import template_tree as subject

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}"
    "{% endfor %}"
)


@pytest.mark.parametrize(
    "template",
    [
        CHATML,
        "{% set ns = namespace(seen=false) %}{% set ns.seen = true %}{{ ns.seen }}",
        "{% macro show(tool) %}{{ tool.name | tojson }}{% endmacro %}"
        "{% for tool in tools %}{{ show(tool) }}{% endfor %}",
        "{{ messages[loop.index0 + 1].role }}{{ messages[1:] | length }}",
        "{% for key in fields %}{{ message[key] }}{% endfor %}",
        "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
        "{% generation %}{{ message.content.split('<x>')[-1] }}{% endgeneration %}",
        "{% macro show(fields, known) %}{% for key in fields if key not in known %}"
        "{{ fields[key] }}{% endfor %}{% endmacro %}{{ show(tool, ['name']) }}",
        "{{ names[field.type | lower] }}{{ names[field.type.upper()] }}",
        "{% for _, value in tool.items() %}{{ value }}{% endfor %}",
        "{{ raise_exception('no') }}{{ strftime_now('%d %b %Y') }}",
    ],
)
def test_what_templates_of_open_models_do_is_let_in(template: str) -> None:
    subject.parse(template)


def test_the_digest_is_of_the_tree_and_not_of_its_layout() -> None:
    one = subject.parse("{%for m in messages%}{{m['role']}}{%endfor%}")
    other = subject.parse('{% for m in messages -%}  {{ m["role"] }}{%- endfor %}')
    third = subject.parse("{% for m in messages %}{{ m['rule'] }}{% endfor %}")

    assert subject.digest(one) == subject.digest(other) != subject.digest(third)


def test_cve_2024_34359_subclasses_of_a_string_are_refused() -> None:
    """A GGUF template ran code through ``__class__`` in llama-cpp-python."""
    attack = (
        "{% for x in ().__class__.__base__.__subclasses__() %}"
        "{{ x()._module.__builtins__['__import__']('os').system('id') }}{% endfor %}"
    )
    with pytest.raises(RefusedError, match="template uses"):
        subject.parse(attack)


def test_cve_2024_56326_a_stored_format_method_is_refused() -> None:
    with pytest.raises(RefusedError, match="format"):
        subject.parse("{% set f = '{0.__class__}'.format %}{{ f(messages) }}")


def test_cve_2025_27516_the_attr_filter_is_refused() -> None:
    with pytest.raises(RefusedError, match="attr"):
        subject.parse("{{ messages | attr('__class__') }}")


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("{{ cycler.__init__.__globals__.os }}", "attribute"),
        ("{{ lipsum }}", "name"),
        ("{{ self }}", "name"),
        ("{{ ''['__class__'] }}", "attribute"),
        ("{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}", "attribute"),
        ("{{ x.mro }}", "attribute"),
        ("{{ x[a ~ b] }}", "lookup"),
        ("{{ x['__cl' + 'ass__'] }}", "lookup"),
        ("{% set k = '_' * 2 ~ 'class__' %}{{ x[k] }}", "lookup"),
        ("{% set k %}__class__{% endset %}{{ x[k] }}", "lookup"),
        ("{% macro m() %}__class__{% endmacro %}{{ x[m()] }}", "lookup"),
        ("{% for k in ['__class__'] %}{{ x[k] }}{% endfor %}", "lookup"),
        ("{% for k in 'x__class__y'.split('x') %}{{ x[k] }}{% endfor %}", "lookup"),
        ("{% set k = 'ZZclass'.replace('Z', '_') %}{{ x[k] }}", "lookup"),
        (
            "{% macro f(k) %}{{ x[k] }}{% endmacro %}{{ f('_' * 2 ~ 'class__') }}",
            "lookup",
        ),
        (
            "{% macro f(k='a' ~ 'b') %}{{ x[k] }}{% endmacro %}{{ f() }}",
            "lookup",
        ),
        ("{% macro f(k) %}{{ x[k] }}{% endmacro %}{{ f('__class__') }}", "lookup"),
        ("{% macro f(k) %}{{ x[k] }}{% endmacro %}{{ f(k=y ~ z) }}", "lookup"),
        ("{% set f = x.popen %}{{ f('id') }}", "call"),
        ("{{ x['popen']('id') }}", "call"),
        ("{% set range = x.popen %}{{ range('id') }}", "name"),
        ("{% macro f() %}{% endmacro %}{% for f in x %}{{ f() }}{% endfor %}", "name"),
        ("{{ range(*x) }}", "call"),
        ("{{ x | map('attr', '__class__') }}", "filter"),
        ("{{ x | map(attribute='__class__') }}", "filter"),
        ("{{ x | map(attribute='a.__class__') }}", "filter"),
        ("{{ x | map(attribute=k) }}", "filter"),
        ("{{ x | selectattr('__class__') }}", "filter"),
        ("{{ x | sort(attribute='__class__') }}", "filter"),
        ("{{ x | sum('__class__') }}", "filter"),
        ("{{ x | select('callable') }}", "filter"),
        ("{{ x | xmlattr }}", "filter"),
        ("{{ 'a' | center(1000000000) }}", "filter"),
        ("{{ 9 ** 9 ** 9 }}", "statement"),
        ("{% include 'x' %}", "statement"),
        ("{% import 'x' as y %}", "statement"),
        ("{% from 'x' import y %}", "statement"),
        ("{% extends 'x' %}", "statement"),
        ("{% block b %}{% endblock %}", "statement"),
        ("{% call x() %}{% endcall %}", "statement"),
        ("{% filter upper %}{% endfilter %}", "statement"),
        ("{% with a = 1 %}{% endwith %}", "statement"),
        ("{% autoescape false %}{% endautoescape %}", "statement"),
        ("{% if x %}", "syntax"),
        ("{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "size"),
        ("{{ " + "a~" * 5 + "+".join("a" * 500) + " }}", "size"),
        ("{{ " + "9" * 5000 + " }}", "syntax"),
    ],
)
def test_what_no_template_needs_is_refused(template: str, rule: str) -> None:
    with pytest.raises(RefusedError) as refused:
        subject.parse(template)
    assert refused.value.rule == f"template/{rule}"


MARKS = (
    *("{{", "}}", "{%", "%}", "-%}", "{#", "#}", "for", "in", "if", "endfor", "set"),
    *("macro", "(", ")", "[", "]", ".", "|", "~", "+", "'_'", "x", "y", "messages"),
    *("['role']", "namespace", "loop.index0", "not", "and", "==", "1", "\\"),
)


@given(st.lists(st.sampled_from(MARKS), max_size=30))
def test_any_other_text_is_parsed_or_refused(words: list[str]) -> None:
    with suppress(InputError):
        subject.digest(subject.parse(" ".join(words)))
