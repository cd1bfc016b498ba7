"""Small faults are planted one at a time; ``./dev campaign mutate`` does it long."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from campaigns import mutate
from campaigns._mutants import chosen, mutants_of
from campaigns._suites import stages

ROOT = Path(__file__).parents[2]


def faults(source: str) -> list[str]:
    data = dedent(source).encode()
    return [mutant.shown(data) for mutant in mutants_of(data)]


@pytest.mark.parametrize(
    ("killed", "tried", "low", "high"),
    [
        (81, 263, 25.5, 36.6),
        (15, 148, 6.2, 16.0),
        (0, 20, 0.0, 16.1),
        (1, 29, 0.6, 17.2),
    ],
)
def test_the_interval_is_the_published_one(
    killed: int, tried: int, low: float, high: float
) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = mutate.rates(all=tried, killed=killed)

    assert (found["from"], found["to"]) == pytest.approx((low, high), abs=0.051)


def test_a_guard_is_turned_narrowed_and_taken_away() -> None:
    assert faults("if a < b and not c:\n    raise E\n") == [
        "1: a < b -> (a <= b)",
        "1: a < b and not c -> (a < b or not c)",
        "1: a < b and not c -> (a < b)",
        "1: a < b and not c -> (not c)",
        "1: a < b and not c -> False",
        "1: a < b and not c -> True",
        "1: not c -> (c)",
        "2: raise E -> pass",
    ]


def test_statements_and_values_are_changed() -> None:
    assert faults(
        """
        def f(xs):
            check(xs)
            for x in xs:
                n += x * 2
            return n
        """
    ) == [
        "3: check(xs) -> pass",
        "4: xs -> ()",
        "5: n += x * 2 -> n -= x * 2",
        "5: x * 2 -> (x // 2)",
        "5: 2 -> (1)",
        "5: 2 -> (3)",
        "6: n -> None",
    ]


def test_what_only_people_and_type_checkers_read_is_left_alone() -> None:
    assert (
        faults(
            '''
            """A text."""
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from a import b
            __all__ = ["f"]
            Id = NewType("Id", str)
            Ids = Id | None
            class C(Base):
                """A text."""
                name: Literal["a"] | None
                @memo(size=1)
                def f(self, x: "int | str") -> "X":
                    """A text."""
                    return None
            '''
        )
        == []
    )
    assert faults('raise InputError("no " + name, hint=f"{name} 1")') == [
        '1: raise InputError("no " + name, hint=f"{name} 1") -> pass',
        "1: \"no \" + name -> ('no ' - name)",
    ]


def test_the_same_faults_are_chosen_again_and_planted_where_they_say() -> None:
    source = "x = 'ä' + y\nif x == 1:\n    go()\n".encode()
    mutants = mutants_of(source)

    assert chosen(source, 3, "1:a") == chosen(source, 3, "1:a")
    assert chosen(source, 99, "1:a") == mutants
    assert {m.planted(source) for m in mutants} >= {
        "x = 'ä' - y\nif x == 1:\n    go()\n".replace("'ä' - y", "('ä' - y)").encode(),
        "x = 'ä' + y\nif False:\n    go()\n".encode(),
        "x = 'ä' + y\nif x == 1:\n    pass\n".encode(),
    }


def test_a_module_meets_its_own_tests_first() -> None:
    first, second = stages(ROOT, Path("access/quorum.py"))

    assert first == (Path("tests/access/test_quorum.py"),)
    assert Path("tests/access/test_tally.py") in second
    assert stages(ROOT, Path("access/tokens.py"))


def test_a_module_that_can_be_wrong_has_tests_near_it() -> None:
    modules = [Path(name) for name in mutate.modules_of(mutate.PACKAGES)]

    assert len(modules) > 150
    assert [str(m) for m in modules[::8] if not stages(ROOT, m)] == []


def test_faults_are_found_and_a_session_is_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module, session = ROOT / "src/strongroom/crypto/algorithms.py", tmp_path / "session"
    words = ["--module", "crypto/algorithms.py", "--sample", "3", "--nice", "0"]
    began = module.read_bytes()

    statuses = [mutate.main([*words, "--session", str(session)]) for _ in range(2)]

    lines = list(map(json.loads, capsys.readouterr().out.splitlines()))
    first, second = (line["packages"]["crypto"] for line in lines)
    assert statuses == [0, 0]
    assert first["all"] == first["killed"] == 3
    assert second == first
    assert len(session.read_text().splitlines()) == 3
    assert module.read_bytes() == began


def test_a_module_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        mutate.main(["--module", "crypto/poem.py"])
    assert caught.value.code == 2
    assert "crypto/poem.py" in capsys.readouterr().err
