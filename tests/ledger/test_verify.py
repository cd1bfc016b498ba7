"""The outsider's program accepts what is true and names what is not."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger import note, tiles, verify
from tests.ledger import naive
from tests.ledger.exports import SmallLedger, ledger_of, signing_key

VECTORS = Path(__file__).parents[1] / "vectors"
RFC_8032 = json.loads((VECTORS / "checkpoint.json").read_text())["ed25519"]
EXPORT = json.loads((VECTORS / "ledger_export.json").read_text())
LEDGER = ledger_of(300)
KEY = LEDGER.key.text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return LEDGER.write(tmp_path / "export")


def check(*arguments: str | Path, key: str = KEY) -> dict[str, Any]:
    """Return the report of one run, whose status must agree with it."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        status = verify.main([*map(str, arguments), "--key", key, "--json"])
    report: dict[str, Any] = json.loads(shown.getvalue())
    assert report["ok"] is (not report["problems"])
    assert status == (0 if report["ok"] else 65)
    return report


@pytest.mark.parametrize("vector", RFC_8032, ids=lambda vector: str(vector["name"]))
def test_signatures_of_rfc_8032_are_accepted(vector: dict[str, str]) -> None:
    names = ("public", "signature", "message")
    public, signature, message = (bytes.fromhex(vector[name]) for name in names)

    verify.verify_ed25519(public, signature, message)

    with pytest.raises(verify.ProblemError):
        verify.verify_ed25519(public, signature, message + b"!")


def test_the_vector_of_an_export_holds(tmp_path: Path) -> None:
    for name, content in EXPORT["files_hex"].items():
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes.fromhex(content))
    (tmp_path / "older").write_text(EXPORT["older_checkpoint"])
    older = ("--older", tmp_path / "older")

    report = check(tmp_path / "export", *older, key=EXPORT["key"])

    assert report["problems"] == []
    assert (report["entries"], report["grew_from"]) == (5, 3)


@settings(max_examples=20)
@given(st.binary(max_size=80), st.integers(1, 255), st.data())
def test_it_agrees_with_the_library_about_signatures(
    message: bytes, seed: int, data: st.DataObject
) -> None:
    key = signing_key(seed)
    signature = key.sign_bytes(message)
    verify.verify_ed25519(key.public.raw, signature, message)
    whole = key.public.raw + signature + message
    changed = naive.flipped(whole, data.draw(st.integers(0, 8 * len(whole) - 1)))

    with pytest.raises(verify.ProblemError):
        verify.verify_ed25519(changed[:32], changed[32:96], changed[96:])


def test_a_signature_with_a_scalar_beyond_the_order_is_refused() -> None:
    """The same point under another number: RFC 8032 forbids the second spelling."""
    key = signing_key(7)
    signature = key.sign_bytes(b"message")
    scalar = int.from_bytes(signature[32:], "little") + verify.ORDER
    second = signature[:32] + scalar.to_bytes(32, "little")

    with pytest.raises(verify.ProblemError):
        verify.verify_ed25519(key.public.raw, second, b"message")


@given(st.integers(0, 2**55), st.integers(1, 256))
def test_it_looks_for_tiles_where_the_product_writes_them(
    number: int, width: int
) -> None:
    """The first is the example of the specification, tlog-tiles."""
    assert verify.tile_path("3", 1234067, 256) == "tile/3/x001/x234/067"
    for level in (0, 7):
        written = tiles.tile_path(level, number, width)
        assert verify.tile_path(str(level), number, width) == written


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 513])
def test_an_honest_export_holds(size: int, tmp_path: Path) -> None:
    ledger = ledger_of(size)

    report = check(ledger.write(tmp_path / "export"))

    assert report["problems"] == []
    assert report["entries"] == size
    assert report["signed_by"] == KEY
    assert report["witness"] == "no independent witness"
    opened = sum(1 for index in range(size) if index % 3 == 1)
    attached = sum(1 for index in range(size) if index % 5 == 3)
    assert (report["private_opened"], report["attached"]) == (opened, attached)


def test_it_runs_on_a_bare_machine(folder: Path, tmp_path: Path) -> None:
    """One copied file, isolated mode, an empty environment, another folder."""
    copy = tmp_path / "bare" / "verify.py"
    copy.parent.mkdir()
    copy.write_bytes(Path(verify.__file__).read_bytes())
    command = [sys.executable, "-I", "-S", str(copy), str(folder), "--key", KEY]

    done = subprocess.run(
        command, cwd=copy.parent, env={}, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "entries: 300\n" in done.stdout
    assert "witness: no independent witness\n" in done.stdout
    assert done.stdout.endswith("everything holds\n")


def test_private_text_may_be_withheld_and_is_counted(folder: Path) -> None:
    (folder / "private/1.json").unlink()
    (folder / "private/4.json").unlink()

    report = check(folder)

    assert (report["problems"], report["private_withheld"]) == ([], 2)


def test_growth_from_a_kept_checkpoint_is_proven(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for size in (0, 1, 255, 256, 257, 300):
        kept.write_text(LEDGER.note(size))
        report = check(folder, "--older", kept)
        assert (report["problems"], report["grew_from"]) == ([], size)
        assert report["entries"] == 300


def test_a_rewritten_history_does_not_pass_for_growth(
    folder: Path, tmp_path: Path
) -> None:
    """The room signs a second history; only the kept checkpoint shows it."""
    before = ledger_of(200)
    before.entries[150] = canonical.to_json({"fact": "what really happened"})
    (tmp_path / "kept").write_text(before.note())

    report = check(folder, "--older", tmp_path / "kept")

    assert report["problems"] == ["its first 200 entries are not those of before"]


def test_a_ledger_that_lost_entries_does_not_pass_for_growth(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text(ledger_of(301).note())

    report = check(folder, "--older", tmp_path / "kept")

    assert report["problems"] == ["its first 301 entries are not those of before"]


def test_a_proof_file_is_checked(tmp_path: Path) -> None:
    proof, entry = tmp_path / "7.tlog-proof", tmp_path / "7.json"
    for index in (0, 7, 255, 256, 299):
        proof.write_text(LEDGER.proof(index).to_text())
        entry.write_bytes(LEDGER.entries[index])
        report = check("--proof", proof, "--entry", entry)
        assert (report["problems"], report["entry"]) == ([], index)

    entry.write_bytes(LEDGER.entries[8])
    report = check("--proof", proof, "--entry", entry)
    assert report["problems"] == ["entry 299: is not in the ledger of 300"]


def test_a_proof_file_without_the_word_index_is_refused(tmp_path: Path) -> None:
    """A bare number passed for the line of the index."""
    proof, entry = tmp_path / "7.tlog-proof", tmp_path / "7.json"
    text = LEDGER.proof(7).to_text()
    entry.write_bytes(LEDGER.entries[7])
    for wrong in ("7\n", "Index 7\n", "index7\n", ""):
        proof.write_text(text.replace("index 7\n", wrong))
        assert check("--proof", proof, "--entry", entry)["problems"]


def test_a_checkpoint_of_many_signatures_is_refused_before_they_are_verified(
    small: Path,
) -> None:
    """A file of 32 MiB held the reader for hours: each line takes 20 ms and more."""
    path = small / "checkpoint"
    honest = path.read_text()
    line = honest.rpartition("\n\n")[2]
    path.write_text(honest + line * 64)
    many = check(small)["problems"]
    path.write_text(honest + line * 63)
    enough = check(small)["problems"]
    path.write_text(honest)

    assert many == ["a checkpoint has over 64 signatures"]
    assert enough == []


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 299), st.data())
def test_a_flipped_bit_anywhere_in_a_proof_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, index: int, data: st.DataObject
) -> None:
    text, entry = LEDGER.proof(index).to_text().encode(), LEDGER.entries[index]
    bit = data.draw(st.integers(0, 8 * len(text + entry) - 1))
    changed = naive.flipped(text + entry, bit)
    folder = tmp_path_factory.mktemp("proof")
    (folder / "proof").write_bytes(changed[: len(text)])
    (folder / "entry").write_bytes(changed[len(text) :])

    report = check("--proof", folder / "proof", "--entry", folder / "entry")

    assert report["problems"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of 9 entries; who changes it puts it back."""
    return ledger_of(9).write(tmp_path_factory.mktemp("small") / "export")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_in_an_export_is_refused(
    small: Path, data: st.DataObject
) -> None:
    files = sorted(path for path in small.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    honest = path.read_bytes()
    path.write_bytes(
        naive.flipped(honest, data.draw(st.integers(0, 8 * len(honest) - 1)))
    )

    report = check(small)
    path.write_bytes(honest)

    assert report["problems"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_cut_file_in_an_export_is_refused(small: Path, data: st.DataObject) -> None:
    files = sorted(path for path in small.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    honest = path.read_bytes()
    path.write_bytes(honest[: data.draw(st.integers(0, len(honest) - 1))])

    report = check(small)
    path.write_bytes(honest)

    assert report["problems"]


def test_every_file_but_private_text_must_be_there(small: Path) -> None:
    for path in sorted(path for path in small.rglob("*") if path.is_file()):
        honest = path.read_bytes()
        path.unlink()
        report = check(small)
        path.write_bytes(honest)
        optional = path.parent.name == "private" or path.name == "key"
        assert report["ok"] is optional, path


def test_a_changed_entry_is_named(folder: Path) -> None:
    bundle = folder / "tile/entries/001.p/44"
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 270", b"entry 271"))

    assert check(folder)["problems"] == [
        "the entries do not have the signed root",
        "entry 270: tile/0/001.p/44 differs from there on",
    ]


def test_a_changed_tile_is_named(folder: Path) -> None:
    tile = folder / "tile/0/000"
    tile.write_bytes(tile.read_bytes()[: 32 * 9] + bytes(32 * 247))

    problems = check(folder)["problems"]

    assert problems == ["entry 9: tile/0/000 differs from there on"]


def test_an_entry_taken_out_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Whoever takes an entry out can rebuild all hashes, and cannot sign them."""
    without = ledger_of(300)
    del without.entries[99]
    without.private.clear()
    without.attached.clear()
    forged = without.write(tmp_path / "forged")
    (forged / "checkpoint").write_bytes((folder / "checkpoint").read_bytes())

    assert check(forged)["problems"]


def test_a_ledger_under_another_key_is_refused(tmp_path: Path) -> None:
    forger = ledger_of(9)
    forger.signer = signing_key(8)
    folder = forger.write(tmp_path / "export")

    problems = check(folder)["problems"]

    assert problems[0] == "the export names another key than yours"
    (folder / "key").unlink()
    assert check(folder)["problems"] == ["the key did not sign the checkpoint"]


def entry_problem(entry: bytes, tmp_path: Path) -> list[str]:
    """Return the problems of an export whose second entry is ``entry``, signed."""
    ledger = SmallLedger()
    ledger.add("first")
    ledger.entries.append(entry)
    problems: list[str] = check(ledger.write(tmp_path / "export"))["problems"]
    return problems


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"no json",
        b"[]",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1.5}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 4000 + b"}",
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    ],
)
def test_an_entry_with_two_readings_is_named(entry: bytes, tmp_path: Path) -> None:
    """The room signed it, and yet two readers could understand it differently."""
    assert entry_problem(entry, tmp_path) == ["entry 1: is not canonical JSON"]
    assert not is_canonical_object(entry)


def is_canonical_object(data: bytes) -> bool:
    """Tell whether the product's own reader would take it for an entry."""
    try:
        return isinstance(canonical.from_json(data, at_most_bytes=8192), dict)
    except IntegrityError:
        return False


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_it_takes_for_canonical_what_the_product_writes(
    document: dict[str, canonical.Json],
) -> None:
    try:
        written = canonical.to_json(document)
    except InputError:
        return

    assert verify._canonical(written) == document
    spaced = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    if spaced != written:
        with pytest.raises(verify.ProblemError):
            verify._canonical(spaced)


@pytest.mark.parametrize(
    "form",
    [
        b'{"payload":"{}","salt":"00"}',
        b'{"payload":"{}"}',
        b'{"payload":"{}","salt":5}',
        b'{"note":"approved","payload":"{}","salt":"' + b"0" * 64 + b'"}',
        b'{"payload":{},"salt":"' + b"0" * 64 + b'"}',
        b"[]",
    ],
)
def test_private_text_that_was_not_committed_to_is_named(
    form: bytes, folder: Path
) -> None:
    (folder / "private/4.json").write_bytes(form)

    (problem,) = check(folder)["problems"]

    assert problem.startswith("entry 4: ")


def test_private_text_of_another_entry_is_named(folder: Path) -> None:
    other = (folder / "private/7.json").read_bytes()
    (folder / "private/4.json").write_bytes(other)

    assert check(folder)["problems"] == ["entry 4: did not commit to the text shown"]


def test_an_attachment_that_was_not_named_is_noticed(folder: Path) -> None:
    (folder / "attached/8.json").write_bytes(b'{"rows":[9]}')

    assert check(folder)["problems"] == [
        "entry 8: did not name the document attached to it"
    ]


@pytest.mark.parametrize(
    "name", ["private/0.json", "private/301.json", "attached/x", "tile/7/000.p/1"]
)
def test_a_file_that_nothing_vouches_for_is_named(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b'{"payload":"forged","salt":"00"}')

    (problem,) = check(folder)["problems"]

    assert name in problem
    assert "belongs to no entry" in problem


def test_links_and_pipes_are_not_read(folder: Path) -> None:
    """A pipe would let the check wait for ever, a link show a file of the reader."""
    for replace in (os.mkfifo, lambda path: os.symlink("/dev/zero", path)):
        tile = folder / "tile/0/000"
        honest = tile.read_bytes()
        tile.unlink()
        replace(tile)
        assert check(folder)["problems"] == [f"{tile} is no plain file"]
        tile.unlink()
        tile.write_bytes(honest)


def test_a_file_without_end_is_refused(folder: Path) -> None:
    with (folder / "tile/0/000").open("r+b") as file:
        file.truncate(1 << 33)

    assert check(folder)["problems"] == [f"{folder / 'tile/0/000'} is too long"]


def test_a_size_that_lies_stops_at_the_first_missing_bundle(tmp_path: Path) -> None:
    ledger = ledger_of(3)
    folder = ledger.write(tmp_path / "export")
    text = ledger.note().partition("\n\n")[0].replace("\n3\n", f"\n{10**17}\n")
    line = note.SignatureLine(
        name=ledger.key.origin,
        key_id=ledger.key.key_id,
        signature=ledger.signer.sign_bytes(f"{text}\n".encode()),
    )
    (folder / "checkpoint").write_text(f"{text}\n\n{line.text()}")

    (problem,) = check(folder)["problems"]

    assert problem.endswith("tile/entries/000 is no plain file")


@pytest.mark.parametrize("key", ["", "a+b", "a+00000000+AQ==", KEY[:-4], KEY + "="])
def test_what_is_no_key_is_refused(key: str, folder: Path) -> None:
    assert check(folder, key=key)["problems"]


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    assert check(tmp_path / "nothing")["problems"]


def test_one_thing_is_checked_at_a_time(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in ([], [str(folder), "--proof", "a", "--entry", "b"], ["--proof"]):
        with pytest.raises(SystemExit) as stopped:
            verify.main([*arguments, "--key", KEY])
        assert stopped.value.code == 2
        assert "usage:" in capsys.readouterr().err


def test_people_read_one_problem_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "private/4.json").write_bytes(b"[]")
    (folder / "attached/8.json").write_bytes(b"[]")

    assert verify.main([str(folder), "--key", KEY]) == 65

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "entry 4: is not canonical JSON",
        "entry 8: did not name the document attached to it",
    ]


# --- every fact, every limit, every word ---------------------------------------


def test_a_report_of_an_export_has_these_facts(small: Path) -> None:
    assert check(small) == {
        "ok": True,
        "entries": 9,
        "root": verify._root(ledger_of(9).leaves).hex(),
        "signed_by": KEY,
        "witness": "no independent witness",
        "second_signature": "none",
        "other_signatures": 0,
        "private_opened": 3,
        "private_withheld": 0,
        "attached": 2,
        "grew_from": None,
        "problems": [],
    }


def test_lines_of_others_are_counted_apart_from_another_key_of_the_name(
    small: Path,
) -> None:
    path = small / "checkpoint"
    honest = path.read_text()
    name = LEDGER.key.origin
    own = note.SignatureLine(name=name, key_id=b"else", signature=bytes(9)).text()
    strange = note.SignatureLine(name="a", key_id=b"else", signature=bytes(9)).text()
    path.write_text(honest + own + strange + strange)
    report = check(small)
    path.write_text(honest)

    assert report["second_signature"] == (
        "ML-DSA-65 or another, not checked without its --second-key"
    )
    assert (report["ok"], report["other_signatures"]) == (True, 2)


def test_a_report_of_a_proof_has_these_facts(tmp_path: Path) -> None:
    (tmp_path / "proof").write_text(LEDGER.proof(7).to_text())
    (tmp_path / "entry").write_bytes(LEDGER.entries[7])

    report = check("--proof", tmp_path / "proof", "--entry", tmp_path / "entry")

    assert report.keys() == {
        *("ok", "entries", "root", "signed_by", "witness", "second_signature"),
        *("other_signatures", "entry", "problems"),
    }
    assert (report["entry"], report["entries"]) == (7, 300)


def test_a_proof_file_may_have_extra_data_and_must_have_the_first_line(
    tmp_path: Path,
) -> None:
    text = LEDGER.proof(7).to_text()
    proof, entry = tmp_path / "proof", tmp_path / "entry"
    entry.write_bytes(LEDGER.entries[7])
    proof.write_text(text.replace("\n", "\nextra AAAA\n", 1))
    assert check("--proof", proof, "--entry", entry)["ok"]
    for wrong in ("@v2", "@v1 ", ""):
        proof.write_text(text.replace("@v1", wrong))
        report = check("--proof", proof, "--entry", entry)
        assert report["problems"] == ["it is no proof file"]


def test_a_proof_of_an_entry_that_is_no_json_does_not_hold(tmp_path: Path) -> None:
    ledger = ledger_of(3)
    ledger.entries.append(b"no json")
    (tmp_path / "proof").write_text(ledger.proof(3).to_text())
    (tmp_path / "entry").write_bytes(b"no json")

    report = check("--proof", tmp_path / "proof", "--entry", tmp_path / "entry")

    assert report["problems"] == ["is not canonical JSON"]


@pytest.mark.parametrize("size", [1, 2])
def test_a_proof_is_as_long_as_its_tree_is_high(size: int, tmp_path: Path) -> None:
    ledger = ledger_of(size)
    proof = ledger.proof(0)
    (tmp_path / "entry").write_bytes(ledger.entries[0])
    for siblings in ((), proof.siblings, (*proof.siblings, bytes(32))):
        text = type(proof)(index=0, siblings=siblings, checkpoint=proof.checkpoint)
        (tmp_path / "proof").write_text(text.to_text())
        report = check("--proof", tmp_path / "proof", "--entry", tmp_path / "entry")
        assert report["ok"] is (siblings == proof.siblings)


def test_the_longest_file_is_read_and_no_longer_one(small: Path) -> None:
    path = small / "tile/0/000.p/9"
    honest = path.read_bytes()
    found = []
    for size in (32 << 20, (32 << 20) + 1):
        with path.open("r+b") as file:
            file.truncate(size)
        found.append(check(small)["problems"])
    path.write_bytes(honest)

    assert found == [
        ["entry 9: tile/0/000.p/9 differs from there on"],
        [f"{path} is too long"],
    ]


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_the_very_hash_that_differs_is_named(index: int, folder: Path) -> None:
    number, place = divmod(index, 256)
    tile = folder / ("tile/0/000", "tile/0/001.p/44")[number]
    data = bytearray(tile.read_bytes())
    data[32 * place + 31] ^= 1
    tile.write_bytes(data)

    (problem,) = check(folder)["problems"]

    assert problem.startswith(f"entry {index}: tile/0/00{number}")


def test_a_difference_above_the_leaves_names_the_first_entry_below(
    folder: Path,
) -> None:
    (folder / "tile/1/000.p/1").write_bytes(bytes(32))

    assert check(folder)["problems"] == [
        "entry 0: tile/1/000.p/1 differs from there on"
    ]


def test_an_entry_that_is_cut_and_one_too_many_are_named(folder: Path) -> None:
    bundle = folder / "tile/entries/001.p/44"
    honest = bundle.read_bytes()
    bundle.write_bytes(honest[:-1])
    cut = check(folder)["problems"]
    bundle.write_bytes(honest + b"\0\0")
    more = check(folder)["problems"]

    assert cut == ["entry 299: is cut off in tile/entries/001.p/44"]
    assert more == ["tile/entries/001.p/44 has more after entry 299"]


def test_numbers_that_a_double_holds_exactly_are_canonical() -> None:
    most = 2**53 - 1
    for number in (-most, -1, 0, 1, most):
        assert verify._canonical(b'{"a":%d}' % number) == {"a": number}
    for number in (-most - 1, most + 1):
        with pytest.raises(verify.ProblemError):
            verify._canonical(b'{"a":%d}' % number)


def test_a_size_has_18_digits_at_most_and_one_spelling() -> None:
    assert verify._number(b"9" * 18) == 10**18 - 1
    assert verify._number(b"0") == 0
    for wrong in (b"1" + b"0" * 18, b"00", b"01", b"+1", b"-1", b" 1", b"1 "):
        with pytest.raises(verify.ProblemError, match="is malformed"):
            verify._number(wrong)


P = 2**255 - 19


@pytest.mark.parametrize(
    "key",
    [
        (P + 1).to_bytes(32, "little"),  # y = 1 in its second spelling
        P.to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),  # x = 0 has no sign
        (2).to_bytes(32, "little"),  # no point
        (1).to_bytes(31, "little"),
        (1).to_bytes(33, "little"),
    ],
)
def test_what_is_no_point_in_its_one_spelling_is_no_key(key: bytes) -> None:
    with pytest.raises(verify.ProblemError, match="no point of the curve"):
        verify._point(key)
    assert verify._point((1).to_bytes(32, "little")) == (0, 1)


def test_a_signature_has_64_bytes() -> None:
    key = signing_key(7)
    signature = key.sign_bytes(b"message")
    for wrong in (signature + b"\0", signature[:63], signature[:32], b""):
        with pytest.raises(verify.ProblemError):
            verify.verify_ed25519(key.public.raw, wrong, b"message")


def test_help_says_what_each_word_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        verify.main(["--help"])

    shown = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0
    assert "Checks an exported ledger, or one proof file, with Python alone." in shown
    for sentence in (
        "export folder written by ledger export",
        "--key KEY name+hash+base64, as you kept it",
        "its ML-DSA-65 key, as you kept it",
        "--older OLDER a checkpoint that you kept from before",
        "--proof PROOF proof file of one entry",
        "--entry ENTRY file with the bytes of that entry",
        "--witness WITNESS its key, as you kept it",
        "--quorum QUORUM how many of them; all unless given",
        "--json print one JSON object",
    ):
        assert f" {sentence} " in f"{shown} ", sentence
    assert "export XX" not in shown


def test_words_that_do_not_go_together_say_which(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        ([], "give an EXPORT, or --proof and --entry"),
        (["--entry", "b"], "give an EXPORT, or --proof and --entry"),
        ([str(small), "--quorum", "-1"], "--quorum is 0 or more"),
    ):
        with pytest.raises(SystemExit):
            verify.main([*words, "--key", KEY])
        assert capsys.readouterr().err.endswith(f"error: {said}\n")
    with pytest.raises(SystemExit):
        verify.main([str(small)])
    assert "required: --key" in capsys.readouterr().err


def test_people_read_each_fact_that_was_asked_for(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify.main([str(small), "--key", KEY, "--quorum", "0"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "entries: 9",
        f"root: {verify._root(ledger_of(9).leaves).hex()}",
        f"signed by: {KEY}",
        "witness: no independent witness",
        "second signature: none",
        "other signatures: 0",
        "private opened: 3",
        "private withheld: 0",
        "attached: 2",
        "everything holds",
    ]
