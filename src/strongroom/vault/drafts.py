"""What is to be sealed, resolved against what exists already."""

from __future__ import annotations

from dataclasses import dataclass, replace

from strongroom.access.projects import find_project
from strongroom.access.request import REQUEST_TTL
from strongroom.access.teams import checked_name
from strongroom.access.terms import AdministrationTerms, TermsTable
from strongroom.errors import ConflictError, InputError, IntegrityError
from strongroom.intake.intakes import Intake
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId, Classification, ProjectId, Secret
from strongroom.vault.lineages import LINEAGES
from strongroom.vault.planfiles import plan_from_toml
from strongroom.vault.plans import default_plan
from strongroom.vault.segments import Plan, verify_plan
from strongroom.vault.sources import SourceFile
from strongroom.vault.versions import (
    ARTIFACTS,
    MAIN,
    ORIGINAL,
    REFERENCES,
    VERSIONS,
    Artifact,
    VersionState,
    artifact_id,
    find_artifact,
    find_version,
)

DEFAULT_PROJECT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOptions:
    """What the sealer asked for; ``None`` where the defaults decide.

    Attributes:
        name: Of the artifact; an existing one gets its next version.
        project: Name of the project.
        classification: Never below the parent's.
        parent: ``NAME@VERSION`` that it descends from.
        plan: Text of a plan file.
        custodians: How many have to act together to open a segment.
    """

    name: str
    project: str | None = None
    classification: Classification | None = None
    parent: str | None = None
    plan: str | None = None
    custodians: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An artifact, perhaps new, and what its next version descends from.

    Attributes:
        parent: Id of the version that it descends from.
        source: The artifact of that version.
    """

    artifact: Artifact
    parent: str | None
    source: Artifact | None
    plan: str | None


def resolve(
    writing: Writing, options: SealOptions, terms: TermsTable, key: Secret
) -> Draft:
    """Return the artifact that ``options`` names, new or existing, and its parent.

    A further version of an artifact descends from the one that is ``main``.  A
    name under which nothing was published yet belongs to nobody: whoever seals
    next says anew what class and project it is.

    Args:
        writing: The open transaction.
        options: What the sealer asked for.
        terms: The numbers in force.
        key: The room's key for coordinates, from which ids of artifacts come.

    Raises:
        InputError: They contradict what exists.
        MissingError: The parent or the project does not exist.
        IntegrityError: What the name stood for was deleted.
    """
    existing = find_artifact(writing, _model_name(options.name))
    own_id = existing.id if existing else artifact_id(key, options.name)
    _verify_nothing_deleted(writing, own_id)
    source, parent = _parent_of(writing, options, existing)
    if existing is None or parent is None:
        artifact = _new_artifact(writing, options, source, terms, own_id)
        if existing is not None:
            artifact = replace(
                existing,
                project=artifact.project,
                classification=artifact.classification,
            )
    else:
        artifact = existing
        _check_existing(writing, options, existing, source)
    return Draft(artifact=artifact, parent=parent, source=source, plan=options.plan)


def of_original(intake: Intake, project: ProjectId, key: Secret) -> Draft:
    """Return the artifact that keeps an original from outside.

    It is called like the intake, as no model of a person can be.
    """
    own_id = artifact_id(key, intake.id)
    artifact = Artifact(
        id=own_id,
        name=intake.id,
        project=project,
        classification=Classification.RESTRICTED,
        roots=(own_id,),
        created_at=intake.added_at,
    )
    return Draft(artifact=artifact, parent=None, source=None, plan=None)


def _model_name(name: str) -> str:
    """Return ``name`` if it is one that ``open`` takes for a model's.

    Raises:
        InputError: It is not.
    """
    if name.startswith(("permit-", "request-", ORIGINAL)):
        raise InputError(
            f"{name[:80]!r} would be taken for a permit, a request or an intake",
            hint="name it otherwise: --as NAME",
        )
    return checked_name(name, what="a model")


def plan_of(options: SealOptions, files: tuple[SourceFile, ...]) -> Plan:
    """Return the plan by which the files are cut into segments.

    Raises:
        InputError: The plan does not fit the files.
    """
    return plan_from_toml(options.plan, files) if options.plan else default_plan(files)


def verify_caps(draft: Draft, plan: Plan, terms: TermsTable) -> None:
    """Check that no segment is too large a share of what a person may hold.

    Raises:
        InputError: One is; the message names it.
    """
    caps = terms.of(draft.artifact.classification)
    if caps.person_cap_percent is not None and caps.pair_cap_percent is not None:
        verify_plan(
            plan,
            total_bytes=plan.length,
            person_cap_percent=caps.person_cap_percent,
            pair_cap_percent=caps.pair_cap_percent,
        )


def publishing_terms(draft: Draft, terms: TermsTable) -> AdministrationTerms:
    """Return who has to agree before the version can be asked for.

    What has a parent inherits its exposure, so its sealer's word is enough; what
    has none starts a lineage whose sealer holds all of it outside the caps.
    """
    if draft.parent is None:
        return terms.of_action("model:publish")
    return terms.of_action("model:seal")


def _parent_of(
    writing: Writing, options: SealOptions, existing: Artifact | None
) -> tuple[Artifact | None, str | None]:
    if options.parent is not None:
        source, version = find_version(writing, options.parent)
        return source, version.id
    if existing is None:
        return None, None
    main = _main_of(writing, existing)
    if main is not None:
        return existing, main
    if existing.roots != (existing.id,):
        raise InputError(
            f"{existing.name} descends from another model, and has no version yet",
            hint="name its parent: --parent NAME@VERSION",
        )
    if LINEAGES.get(writing, existing.id).first_version is not None:
        raise IntegrityError(
            f"the reference main of {existing.name} is gone",
            hint="strongroom ledger verify names every deleted row",
        )
    return None, None


def verify_name_free(writing: Writing, draft: Draft) -> None:
    """Check that no first version of this name waits for somebody's word.

    Raises:
        ConflictError: One does.
    """
    if draft.parent is not None:
        return
    waiting = VERSIONS.find(
        writing,
        VERSIONS.columns.artifact == draft.artifact.id,
        VERSIONS.columns.state.in_((VersionState.PENDING, VersionState.QUARANTINED)),
        VERSIONS.columns.sealed_at > writing.now - REQUEST_TTL,
    )
    if waiting:
        raise ConflictError(
            f"{draft.artifact.name}@{waiting[0].number} waits to be published",
            hint="decide on it first (requests, intake list), or choose another --as",
        )


def _verify_nothing_deleted(writing: Writing, artifact: ArtifactId) -> None:
    """Check that nothing is gone that would let a name begin a lineage anew.

    Else what everybody holds would count from nothing, and the class of what is
    published could be lowered.

    Raises:
        IntegrityError: Something is.
    """
    ARTIFACTS.require_all(writing, prefix=artifact)
    LINEAGES.require_all(writing, prefix=artifact)
    VERSIONS.require_all(writing, prefix=f"{artifact}/")
    REFERENCES.require_all(writing, prefix=f"{artifact}/")


def _main_of(writing: Writing, artifact: Artifact) -> str | None:
    found = REFERENCES.find(writing, REFERENCES.columns.id == f"{artifact.id}/{MAIN}")
    return f"{artifact.id}/{found[0].version}" if found else None


def _check_existing(
    writing: Writing, options: SealOptions, existing: Artifact, source: Artifact | None
) -> None:
    if source is not None and not set(source.roots) <= set(existing.roots):
        raise InputError(
            f"{existing.name} does not descend from {source.name}",
            hint="seal it under a new name with --as",
        )
    if options.classification not in (None, existing.classification):
        raise InputError(
            f"{existing.name} is {existing.classification}; all its versions are",
            hint="seal it under a new name with --as",
        )
    if (
        options.project is not None
        and find_project(writing, options.project).id != existing.project
    ):
        raise InputError(f"{existing.name} belongs to another project")


def _new_artifact(
    writing: Writing,
    options: SealOptions,
    source: Artifact | None,
    terms: TermsTable,
    own_id: ArtifactId,
) -> Artifact:
    classification = options.classification or (
        source.classification if source else terms.default_class
    )
    if source is not None and classification.rank < source.classification.rank:
        raise InputError(
            f"{options.name} cannot be {classification}: its parent is"
            f" {source.classification}",
            hint=f"--class {source.classification}",
        )
    project = (
        source.project
        if source is not None and options.project is None
        else find_project(writing, options.project or DEFAULT_PROJECT).id
    )
    return Artifact(
        id=own_id,
        name=options.name,
        project=project,
        classification=classification,
        roots=source.roots if source else (own_id,),
        created_at=writing.now,
    )
