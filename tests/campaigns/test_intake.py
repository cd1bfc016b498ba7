"""The corpus of attacks is whole, and a sample of each family goes through."""

from __future__ import annotations

from collections import Counter

from campaigns._inert import fault_in
from campaigns.intake import _here, _in_sandbox, run
from tests.corpus.checkpoints import PAYLOAD
from tests.corpus.samples import Label, every_sample


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    samples = list(every_sample())
    labels = Counter(sample.label for sample in samples)

    assert labels[Label.MALICIOUS] >= 300
    assert labels[Label.BENIGN] >= 60
    assert len({sample.name for sample in samples}) == len(samples)


def test_nothing_executable_comes_out_and_everything_benign_does() -> None:
    found, faults = run(every_sample(), _here)

    assert faults == []
    assert sum(count["executable"] for count in found.values()) == 0


def test_the_sandbox_says_the_same_of_one_of_each_family() -> None:
    firsts = {sample.family: sample for sample in reversed(list(every_sample()))}

    here, _ = run(firsts.values(), _here)
    inside, faults = run(firsts.values(), _in_sandbox())

    assert faults == []
    assert inside == here


def test_the_second_look_knows_what_is_executable() -> None:
    """It shares nothing with the readers, and would see what they let through."""
    assert fault_in("model.safetensors", PAYLOAD) == "is a pickle"
    assert "asks for code" in fault_in("config.json", b'{"a": [{"auto_map": {}}]}')
    assert "reaches" in fault_in("t.jinja", b"{{ x.__class__ }}")
    assert fault_in("README.md", b"\x1b[2J") == "has hidden characters"
    assert fault_in("x.bin", b"PK\x03\x04") == "is a zip archive"
    assert fault_in("README.md", b"# hello\n") == ""
