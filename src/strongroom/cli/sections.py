"""Every command by name, with what the help says of it.

``strongroom --help`` loads none of them: it shows the summaries that stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command.

    Attributes:
        place: ``module:function`` below ``strongroom.cli``.
        summary: First line of its help.
    """

    place: str
    summary: str


@dataclass(frozen=True, slots=True)
class Branch:
    """Commands about one thing."""

    summary: str
    leaves: Mapping[str, Leaf | Branch]


SECTIONS: Final[Mapping[str, Mapping[str, Leaf | Branch]]] = {
    "Start": {
        "demo": Leaf("demo:demo", "Watch thefts fail, on real weights"),
        "init": Leaf("rooms:init", "Make a room"),
        "custodian": Branch(
            "What keeps root keys: files, tokens, processes",
            {
                "create": Leaf("custodians:create", "Make a custodian to be served"),
                "passphrase": Leaf(
                    "custodians:passphrase", "Change the passphrase of a custody file"
                ),
                "list": Leaf("custodians:list_", "List custodians, or tokens"),
                "serve": Leaf("custodians:serve", "Let another account's desk ask one"),
                "trust": Leaf("custodians:trust", "Let one wrap for recovery"),
            },
        ),
        "key": Branch(
            "Keys of the room, and what they protect",
            {
                "rotate": Leaf("keys:rotate", "Give a domain another root key"),
                "inventory": Leaf("inventory:inventory", "List every key and its age"),
                "shred": Leaf("shredding:shred", "Give up keys, for ever"),
                "rekey": Leaf("keys:rekey", "Seal a version anew under other keys"),
            },
        ),
        "clean": Leaf("upkeep:clean", "Remove what interrupted seals left"),
        "upgrade": Leaf("upkeep:upgrade", "Bring the database to the newest form"),
        "recovery": Branch(
            "Papers that restore a room without its custodians",
            {
                "create": Leaf("recovery:create", "Make a recovery key, on papers"),
                "wrap": Leaf("recovery:wrap", "Wrap what is not wrapped to it yet"),
                "status": Leaf("recovery:status", "Show what could be restored"),
                "drill": Leaf(
                    "restoring:drill", "Restore into a folder that is thrown away"
                ),
                "restore": Leaf(
                    "restoring:restore", "Restore a room from papers and copies"
                ),
            },
        ),
    },
    "Weights": {
        "seal": Leaf("sealing:seal", "Seal a file or folder as a model's next version"),
        "open": Leaf("opening:open_", "Open segments, on a permit or with a purpose"),
        "intake": Branch(
            "Models from outside, re-written before they are sealed",
            {
                "add": Leaf("intake_add:add", "Take a model in, and re-write it"),
                "list": Leaf("intake:list_", "List what came in"),
                "show": Leaf("intake:show", "Show what was found and changed"),
                "accept": Leaf("intake:accept", "Let the result be asked for"),
                "refuse": Leaf("intake:refuse", "Give the result up"),
                "outdated": Leaf("outdated:outdated", "Compare with a newer version"),
                "reaudit": Leaf("reauditing:reaudit", "Judge again what came in"),
                "sources": Branch(
                    "Who and what is expected from outside",
                    {
                        "add": Leaf("sources:add", "List a source"),
                        "list": Leaf("sources:list_", "List the sources"),
                        "remove": Leaf("sources:remove", "Take a source off the list"),
                    },
                ),
                "issuers": Branch(
                    "Whose advisories count",
                    {
                        "list": Leaf("issuers:list_", "List who issued advisories"),
                        "replace": Leaf(
                            "issuers:replace", "Take advisories by another key"
                        ),
                    },
                ),
                "sign": Leaf("signing:sign", "Sign files for others to verify"),
            },
        ),
        "model": Branch(
            "Models and their versions",
            {
                "list": Leaf("models:list_", "List the models"),
                "show": Leaf("models:show", "Show where the segments of a version lie"),
                "versions": Leaf("models:versions", "List the versions of a model"),
                "verify": Leaf("models:verify", "Check that a version is as sealed"),
                "rollback": Leaf("models:rollback", "Let main or prod name a version"),
                "caps": Leaf("models:caps", "Ask for other exposure caps"),
            },
        ),
        "exposure": Leaf("exposures:exposure", "Show who holds how much of a model"),
    },
    "Decisions": {
        "request": Leaf("asking:request", "Ask for segments"),
        "requests": Leaf("requests:requests", "List the requests that wait"),
        "approve": Leaf("approving:approve", "Agree to a request"),
        "decline": Leaf("requests:decline", "Refuse a request for good"),
        "withdraw": Leaf("requests:withdraw", "Take your own request back"),
        "revoke": Leaf("requests:revoke", "Stop every further release on a permit"),
        "review": Branch(
            "What others opened, and who may reach what",
            {
                "breakglass": Leaf(
                    "breakglass:review", "Review an opening past the approvals"
                ),
                "access": Branch(
                    "Who keeps which membership and role",
                    {
                        "start": Leaf("reviews:start", "Ask for everybody"),
                        "list": Leaf("reviews:list_", "List what waits for an answer"),
                        "keep": Leaf("reviews:keep", "Let somebody keep it"),
                        "remove": Leaf("reviews:remove", "Take it away at once"),
                    },
                ),
            },
        ),
        "policy": Branch(
            "The rules, and what they say",
            {
                "check": Leaf(
                    "policy:check", "Check the rules and say what is lacking"
                ),
                "explain": Leaf("policy:explain", "Say which rules decide, and why"),
                "profile": Leaf("growing:profile", "Ask for another profile"),
                "test": Leaf("policy:test", "Hold the rules to questions and answers"),
                "signatures": Leaf(
                    "signatures:switch", "Switch second signatures on or off"
                ),
            },
        ),
    },
    "Evidence": {
        "ledger": Branch(
            "What happened, with proof",
            {
                "tail": Leaf("ledger:tail", "Show the newest entries"),
                "show": Leaf("ledger:show", "Show one entry"),
                "verify": Leaf("ledger:verify", "Check the whole ledger"),
                "prove": Leaf("ledger:prove", "Write a proof of one entry"),
                "export": Leaf("ledger:export", "Write the ledger for outsiders"),
                "witness": Branch(
                    "Witnesses, who keep checkpoints elsewhere",
                    {
                        "init": Leaf("witness:init", "Make a witness"),
                        "watch": Leaf("witness:watch", "Let it watch a ledger"),
                        "cosign": Leaf("witness:cosign", "Answer one request"),
                        "serve": Leaf("witness:serve", "Answer on a Unix socket"),
                        "add": Leaf("witnesses:add", "Add a witness to the room"),
                        "pin": Leaf("witnesses:pin", "Pin an edited policy"),
                        "ask": Leaf("witnesses:ask", "Have the witnesses sign"),
                        "request": Leaf("witnesses:request", "Write what to ask"),
                        "accept": Leaf("witnesses:accept", "Keep what one answered"),
                    },
                ),
            },
        ),
    },
    "People": {
        "login": Leaf("logins:login", "Log in"),
        "logout": Leaf("logins:logout", "Log out"),
        "whoami": Leaf("whoami:whoami", "Show who is logged in"),
        "account": Branch(
            "Accounts and second factors",
            {
                "list": Leaf("accounts:list_", "List the accounts"),
                "show": Leaf("accounts:show", "Show what decisions read of an account"),
                "add": Leaf("accounts:add", "Ask for a new account"),
                "invite": Leaf("accounts:invite", "Make an invitation to enrol"),
                "roles": Leaf("accounts:roles", "Ask for other roles of an account"),
                "suspend": Leaf("accounts:suspend", "Suspend an account"),
                "resume": Leaf("accounts:resume", "Let a suspended account act again"),
                "leave": Leaf("accounts:leave", "Close an account for good"),
                "training": Branch(
                    "Courses that people took",
                    {
                        "add": Leaf("training:add", "Record a course"),
                        "remove": Leaf("training:remove", "Let it count no longer"),
                    },
                ),
                "acknowledge": Leaf("training:acknowledge", "Say that you know a text"),
                "drill": Leaf("figures:drill", "Measure how soon a revocation is felt"),
                "erase": Leaf("erasing:erase", "Erase name and text of who left"),
                "enrol": Leaf("enrolment:enrol", "Enrol with an invitation"),
                "factor": Leaf("enrolment:factor", "Begin a new second factor"),
                "confirm": Leaf("enrolment:confirm", "Confirm a second factor"),
                "passkey": Branch(
                    "Passkeys and security keys",
                    {
                        "add": Leaf("passkeys:add", "Register a security key"),
                        "list": Leaf("passkeys:list_", "List passkeys"),
                        "remove": Leaf("passkeys:remove", "Give up a passkey"),
                    },
                ),
            },
        ),
        "project": Branch(
            "Projects and their members",
            {
                "list": Leaf("projects:list_", "List the projects"),
                "add": Leaf("projects:add", "Create a project"),
                "member": Leaf("projects:member", "Let an account belong to a project"),
            },
        ),
    },
}
