"""The tables of passkeys: who has which, what was asked, what was signed."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database.columns import column, guarded
from strongroom.database.times import UtcDateTime

passkeys = guarded(
    "passkeys",
    column("account", sa.Text, index=True),
    column("credential", sa.LargeBinary, unique=True),
    column("public_key", sa.LargeBinary),
    column("sign_count", sa.BigInteger),
    column("label", sa.Text),
    column("device", sa.Text),
    column("attestation", sa.LargeBinary),
    column("created_at", UtcDateTime),
    column("state", sa.Text),
)

challenges = guarded(
    "challenges",
    column("account", sa.Text, index=True),
    column("purpose", sa.Text),
    column("value", sa.LargeBinary),
    column("source", sa.Text),
    column("expires_at", UtcDateTime),
    column("state", sa.Text),
)

assertions = guarded(
    "assertions",  # the id is that of the approval
    column("passkey", sa.Text),
    column("authenticator_data", sa.LargeBinary),
    column("client_data", sa.LargeBinary),
    column("signature", sa.LargeBinary),
)
