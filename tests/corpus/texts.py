"""Configurations that ask for code, and templates that run it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import torch

from tests.corpus.samples import Sample, malicious

EVIL_TEMPLATES: tuple[str, ...] = (
    "{{ cycler.__init__.__globals__.os.system('id') }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').popen('id').read() }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__.os.popen('id').read() }}",
    "{{ namespace.__init__.__globals__.os.popen('id').read() }}",
    "{{ messages|attr('__class__')|attr('__mro__') }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{ messages[0]['content'].format.__globals__ }}",
    "{{ '%c' % 95 ~ '_class__' }}{{ messages|map(attribute='__class__')|list }}",
    "{% for a in range(10**9) %}{% for b in range(10**9) %}x{% endfor %}{% endfor %}",
    "{{ 'x' * 10**10 }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('id') }}",
    "{% extends 'base' %}",
    "{{ request.application.__globals__ }}",
    "{{ config.items() }}",
    "{{ messages.__getitem__.__self__.__class__ }}",
    "{{ (messages|string).__class__ }}",
    "{% set x = cycler %}{{ x.next.__globals__ }}",
)


def samples() -> Iterator[Sample]:
    """Give configurations, then templates in each place where one is looked for."""
    for name, document in _configurations():
        data = json.dumps(document).encode()
        yield malicious("config/jinja", name, "config.json", data)
    yield from _indexes()
    yield from _broken()
    for number, template in enumerate(EVIL_TEMPLATES):
        data = json.dumps({"chat_template": template}).encode()
        yield malicious(
            "config/jinja", f"tokenizer-{number:02}", "tokenizer_config.json", data
        )
        yield malicious(
            "config/jinja",
            f"template-{number:02}",
            "chat_template.jinja",
            template.encode(),
        )
    named = {
        "chat_template": [
            {"name": "default", "template": "{{ messages }}"},
            {"name": "tool_use", "template": EVIL_TEMPLATES[0]},
        ]
    }
    yield malicious(
        "config/jinja",
        "named-template",
        "tokenizer_config.json",
        json.dumps(named).encode(),
    )
    for number, (path, data) in enumerate(_elsewhere()):
        yield malicious("config/jinja", f"template-elsewhere-{number}", path, data)
    checkpoint = io.BytesIO()
    torch.save({"tokenizer": {"chat_template": EVIL_TEMPLATES[0]}}, checkpoint)
    data = checkpoint.getvalue()
    yield malicious("config/jinja", "template-in-checkpoint", "model.pt", data)


def _elsewhere() -> Iterator[tuple[str, bytes]]:
    """Give a template where some programs look for one, and transformers does not."""
    evil = EVIL_TEMPLATES[0]
    for path in ("chat_template.txt", "prompts/chat.txt", "Prompt_Template.md"):
        yield path, evil.encode()
    for document in (
        {"Chat_Template": evil},
        {"chat_template": [[evil]]},
        {"chat_template": {"rag": {"de": evil}}},
        {"prompt_template": evil},
        {"prompt_format": evil},
        {"prompts": {"query": evil}},
        {"chat": {"message_format": [evil]}},
    ):
        yield "config.json", json.dumps(document).encode()


def _configurations() -> Iterator[tuple[str, object]]:
    code = {
        "AutoModel": "modeling.Evil",
        "AutoConfig": "other/repo--configuration.Evil",
    }
    yield "auto-map", {"model_type": "bert", "auto_map": code}
    yield "auto-map-nested", {"model_type": "bert", "text_config": {"auto_map": code}}
    yield "auto-map-in-a-list", {"model_type": "bert", "parts": [{"auto_map": code}]}
    yield "trust-remote-code", {"model_type": "bert", "trust_remote_code": True}
    yield (
        "hydra-target",
        {"model_type": "bert", "optimizer": {"_target_": "os.system", "command": "id"}},
    )
    yield (
        "peft-auto-mapping",
        {
            "peft_type": "LORA",
            "auto_mapping": {"parent_library": "evil", "base_model_class": "Evil"},
        },
    )
    yield (
        "custom-pipelines",
        {"model_type": "bert", "custom_pipelines": {"x": {"impl": "evil.Pipeline"}}},
    )


def _indexes() -> Iterator[Sample]:
    for name, target in (
        ("traversal", "../../evil.bin"),
        ("absolute", "/etc/passwd"),
        ("url", "http://evil/x.bin"),
        ("backslash", "..\\evil.bin"),
    ):
        data = json.dumps({"metadata": {}, "weight_map": {"w": target}}).encode()
        yield malicious(
            "config/jinja", f"index-{name}", "model.safetensors.index.json", data
        )


def _broken() -> Iterator[Sample]:
    for name, path, data in (
        ("json-deep", "config.json", b"[" * 100_000),
        ("json-twice", "config.json", b'{"model_type":"bert","model_type":"evil"}'),
        ("json-nan", "config.json", b'{"a": NaN}'),
        ("json-huge-number", "config.json", b'{"a": ' + b"9" * 100_000 + b"}"),
        ("json-not-utf8", "config.json", b'{"a": "\xff"}'),
        ("yaml-python", "config.yaml", b"a: !!python/object/apply:os.system ['id']\n"),
        ("yaml-target", "config.yaml", b"model:\n  _target_: os.system\n"),
        ("text-control", "README.md", b"hello \x1b]0;owned\x07 there\n"),
        ("text-bidi", "README.md", "a \u202egnp.exe b\n".encode()),
        ("text-code", "modeling_evil.py", b"import os\n"),
        ("html", "index.html", b"<script>alert(1)</script>"),
        ("svg", "logo.svg", b"<svg onload='alert(1)'/>"),
    ):
        yield malicious("config/jinja", name, path, data)
