"""Parts of a room that belong together, by what people use them for."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.access.access_reviews import AccessReviews
from strongroom.access.erasure import Erasures
from strongroom.access.glass_reviews import GlassReviews
from strongroom.access.keyring import Keyring
from strongroom.access.profiles import Profiles
from strongroom.access.proving import Proving
from strongroom.access.training_records import TrainingRecords
from strongroom.intake.allow_list import AllowList
from strongroom.intake.fetching import Fetching
from strongroom.intake.quarantine import Quarantine
from strongroom.intake.replacing import Replacing
from strongroom.vault.admission import Admission
from strongroom.vault.comparing import Comparing
from strongroom.vault.reading_again import ReadingAgain
from strongroom.vault.reauditing import Reauditing
from strongroom.vault.recovery import Recovery
from strongroom.vault.recovery_wrapping import RecoveryWrapping
from strongroom.vault.rekeying import Rekeying
from strongroom.vault.rewrapping import Rewrapping
from strongroom.vault.rotation import Rotation
from strongroom.vault.shredding import Shredding
from strongroom.vault.signatures import Signatures
from strongroom.vault.upstream import Upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """What people prove, learn, answer for, and are forgotten by."""

    keyring: Keyring
    proving: Proving
    profiles: Profiles
    erasures: Erasures
    glass_reviews: GlassReviews
    training: TrainingRecords
    access_reviews: AccessReviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What meets things from outside."""

    quarantine: Quarantine
    admission: Admission
    comparing: Comparing
    fetching: Fetching
    upstreams: Upstreams
    reauditing: Reauditing
    reading_again: ReadingAgain
    allow_list: AllowList
    replacing: Replacing


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What is done about keys of the room, and what they wrap."""

    recovery: Recovery
    recovery_wrapping: RecoveryWrapping
    rotation: Rotation
    rewrapping: Rewrapping
    rekeying: Rekeying
    shredding: Shredding
    signatures: Signatures
