"""What a custodian process answers: it believes nobody, the desk least of all.

It verifies the signatures of each checkpoint with the keys that are pinned, that it
extends the anchor by a consistency proof, and that an entry under it names this
reader and this segment, before a part of a key is sealed to that reader.  It
never gives out a share: it wraps them to the recovery key that its own operator
named, and under the root key that follows, which is its own too.

Pure but for its custodian and its pin: ``server`` carries requests here.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock

from strongroom.crypto import roomkeys, wraps
from strongroom.crypto.custody.port import Anchor, KeyCustodian, VerifyExtension
from strongroom.crypto.custody_frames import (
    Document,
    base64_of,
    error_document,
    number,
    raw,
    raws,
    text,
)
from strongroom.crypto.custody_messages import (
    AT_MOST_HASHES,
    anchor_document,
    parse_anchor,
    parse_evidence,
    parse_order,
    parse_share,
)
from strongroom.crypto.custody_pin import Pin, PinFile
from strongroom.crypto.custody_referee import Referee
from strongroom.crypto.handover import (
    RecoveryOrder,
    WrappedShare,
    trusted_public,
    verify_succession,
)
from strongroom.crypto.parts import Evidence
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    SetupError,
    StaleError,
    StrongroomError,
)
from strongroom.types import RoomId, Secret

_NO_ROOM = "this custodian has no room yet"


class CustodyService:
    """Answers requests about one custodian for the one room that is pinned."""

    def __init__(
        self,
        custodian: KeyCustodian,
        pins: PinFile,
        referee_of: Callable[[Pin], Referee],
        *,
        trusted: Callable[[], str | None] = lambda: None,
        former: KeyCustodian | None = None,
    ) -> None:
        """Read the pin, if there is one.

        Args:
            custodian: Whom it answers for.
            pins: Where its room is kept.
            referee_of: Makes the judge for a room.
            trusted: Reads the id of the recovery key that the operator named.
            former: Holds the root key that the custodian takes over from.

        Raises:
            IntegrityError: The pin was altered.
        """
        self._custodian = custodian
        self._pins = pins
        self._referee_of = referee_of
        self._trusted = trusted
        self._former = former
        self._lock = Lock()
        self._pin = pins.read()
        self._referee = None if self._pin is None else referee_of(self._pin)
        # 0.1 ms less for each share of a release; another referee may ask for more.
        self._verified = (self._referee, Anchor.empty())

    def answer(self, request: Document) -> Document:
        """Return the answer to a request; an error is an answer too."""
        does: dict[str, Callable[[Document], Document]] = {
            "hello": self._hello,
            "anchor": self._anchor,
            "wrap": self._wrap,
            "unwrap": self._unwrap,
            "release": self._release,
            "recover": self._recover,
            "adopt": self._adopt,
            "advance": self._advance,
            "follow": self._follow,
        }
        try:
            asked = does.get(text(request, "do"))
            if asked is None:
                raise InputError("a custodian does not do that")
            return asked(request)
        except _MovedError as moved:
            return {"moved": anchor_document(moved.stored)}
        except StrongroomError as error:
            return error_document(error)

    def _hello(self, request: Document) -> Document:
        asked = Pin(
            room=RoomId(text(request, "room")), verifier=text(request, "verifier")
        )
        with self._lock:
            if self._pin is None:
                referee = self._referee_of(asked)  # refuses what is no key
                self._pins.write(asked)
                self._pin, self._referee = asked, referee
            pin = self._pin
        if not asked.is_of(pin):
            raise DeniedError("this custodian serves another room")
        return {
            "name": self._custodian.name,
            "root_key_id": self._custodian.root_key_id,
            "above": pin.above,
            "adopts": self._former.root_key_id if self._former else "",
        }

    def _anchor(self, request: Document) -> Document:
        del request
        return {"anchor": anchor_document(self._custodian.anchor())}

    def _wrap(self, request: Document) -> Document:
        self._judge()  # nothing is wrapped for nobody: see custody_pin
        secret = Secret(raw(request, "secret"))
        wrapped = self._custodian.wrap(secret, raw(request, "context"))
        return {"wrapped": base64_of(wrapped)}

    def _unwrap(self, request: Document) -> Document:
        context = raw(request, "context")
        if context not in self._room_key_places():
            raise DeniedError(
                f"the custodian {self._custodian.name} gives no shares",
                hint="it releases to readers, for an entry that names them",
            )
        anchor, verify_extension = self._shown(request)
        secret = self._custodian.unwrap(
            raw(request, "wrapped"),
            context,
            anchor=anchor,
            verify_extension=verify_extension,
        )
        return {"secret": base64_of(secret.reveal())}

    def _release(self, request: Document) -> Document:
        order = parse_order(request.get("order"))
        evidence = parse_evidence(request.get("evidence"))
        anchor, verify_extension = self._shown(request)
        self._judge().verify_release(order, evidence, anchor)
        sealed = self._custodian.release(
            order, evidence, anchor=anchor, verify_extension=verify_extension
        )
        return {"sealed": base64_of(sealed)}

    def _recover(self, request: Document) -> Document:
        held, evidence, anchor, verify_extension = self._handed_over(request)
        kind, facts = self._judge().verify_entry(evidence, anchor)
        public = trusted_public(
            kind, facts, domain=self._custodian.name, trusted=self._trusted()
        )
        sealed = self._custodian.release(
            RecoveryOrder(held=held, public=public),
            evidence,
            anchor=anchor,
            verify_extension=verify_extension,
        )
        return {"sealed": base64_of(sealed)}

    def _adopt(self, request: Document) -> Document:
        held, evidence, anchor, verify_extension = self._handed_over(request)
        new, former = self._custodian, self._former
        if former is None:
            raise SetupError(
                f"{new.root_key_id} takes over from no other root key",
                hint="strongroom custodian serve NEW --former OLD",
            )
        kind, facts = self._judge().verify_entry(evidence, anchor)
        verify_succession(
            kind,
            facts,
            domain=new.name,
            former=former.root_key_id,
            successor=new.root_key_id,
        )
        share = former.unwrap(
            held.wrapped,
            held.place(former.root_key_id),
            anchor=anchor,
            verify_extension=verify_extension,
        )
        place = held.place(new.root_key_id)
        wrapped = new.wrap(share, place)
        again = new.unwrap(
            wrapped, place, anchor=anchor, verify_extension=verify_extension
        )
        if again != share:
            raise IntegrityError(f"{new.name} does not give back what it wrapped")
        return {"wrapped": base64_of(wrapped)}

    def _handed_over(
        self, request: Document
    ) -> tuple[WrappedShare, Evidence, Anchor, VerifyExtension]:
        pin = self._pin
        if pin is None:
            raise SetupError(_NO_ROOM)
        held = parse_share(request.get("share"), room=pin.room)
        return held, parse_evidence(request.get("evidence")), *self._shown(request)

    def _advance(self, request: Document) -> Document:
        self._custodian.advance(*self._shown(request))
        return {}

    def _follow(self, request: Document) -> Document:
        """Demand of checkpoints from now on what an entry says."""
        evidence = parse_evidence(request.get("evidence"))
        second = text(request, "second")
        with self._lock:
            if self._pin is not None and evidence.position < self._pin.above:
                return {"above": self._pin.above}  # another desk was faster
            anchor, verify_extension = self._shown(request)
            pin = self._judge().pin_after(evidence, anchor, second)
            # First: what is smaller than the anchor is stale, whoever signed it.
            with suppress(StaleError):
                self._custodian.advance(anchor, verify_extension)
            self._pins.replace(pin)
            self._pin, self._referee = pin, self._referee_of(pin)
        return {"above": pin.above}

    def _room_key_places(self) -> set[bytes]:
        """Return the only places whose secrets a desk is given."""
        pin, root_key_id = self._pin, self._custodian.root_key_id
        if pin is None:
            raise SetupError(_NO_ROOM)
        return {
            wraps.room_key_context(room=pin.room, name=name, root_key_id=root_key_id)
            for name in roomkeys.all_names()
        }

    def _judge(self) -> Referee:
        if self._referee is None:
            raise SetupError(_NO_ROOM)
        return self._referee

    def _shown(self, request: Document) -> tuple[Anchor, VerifyExtension]:
        """Return the checkpoint that a request shows, verified, and its proof."""
        referee = self._judge()
        shown = parse_anchor(request.get("anchor"))
        if (referee, shown) != self._verified:
            referee.verify_note(shown)
            self._verified = (referee, shown)
        seen = number(request, "seen")
        proof = raws(request, "proof", at_most=AT_MOST_HASHES)

        def verify_extension(older: Anchor, newer: Anchor) -> Sequence[bytes]:
            stored = newer if older == shown else older
            if stored.size != seen:  # the proof begins at another anchor
                raise _MovedError(stored)
            referee.verify_extension(older, newer, proof)
            return proof

        return shown, verify_extension


class _MovedError(ConflictError):
    """The anchor is another than the one that the desk's proof is about."""

    def __init__(self, stored: Anchor) -> None:
        super().__init__("the anchor moved")
        self.stored = stored
