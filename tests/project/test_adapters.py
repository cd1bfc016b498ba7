"""Whatever a room can name stands on the page, and is run against its contract."""

from __future__ import annotations

from strongroom.app.schemes import CUSTODIANS, ELSEWHERE, SANDBOXES, STORES
from tests.contracts import test_blob_store, test_key_custodian, test_sandbox
from tests.project.reference import DOCS

PAGE = DOCS / "reference" / "adapters.md"


def test_every_adapter_has_a_row() -> None:
    """The page once named a store in a way that no room could."""
    text = PAGE.read_text()
    custodians = [kind.uri for kind in CUSTODIANS.values()]
    stores = [kind.uri for kind in STORES.values()]

    assert [u for u in [*custodians, *stores] if f"| `{u}` |" not in text] == []
    assert [name for name in SANDBOXES if f'sandbox = "{name}"' not in text] == []
    assert f"| `{ELSEWHERE}:" in text


def test_every_adapter_is_run_against_its_contract() -> None:
    assert {*CUSTODIANS, ELSEWHERE} <= set(test_key_custodian.CUSTODIANS)
    assert set(STORES) <= set(test_blob_store.STORES)
    assert set(SANDBOXES) <= set(test_sandbox.SANDBOXES)
