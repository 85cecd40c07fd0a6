"""Which settings made the run, and what each stage took."""

import json

from w2v_core.report.corpus import STAGE_NAMES
from w2v_core.report.facts import RunFacts
from w2v_core.report.markup import Markup, details, section, table
from w2v_core.runs.manifest import Manifest


def settings_section(facts: RunFacts) -> Markup:
    """A table of stages, and every stage's settings folded away."""
    stages = [_stage_row(name, manifest) for name, manifest in facts.manifests.items()]
    headings = ("stage", "finished (UTC)", "seconds", "files", "MB", "version")
    folded = [
        details(
            f"Settings: {STAGE_NAMES[name]}",
            table(f"Settings of {name}", ("setting", "value"), _rows(manifest)),
        )
        for name, manifest in facts.manifests.items()
    ]
    return section("settings", "Settings and stages", table("Stages", headings, stages), *folded)


def _stage_row(name: str, manifest: Manifest) -> tuple[str, ...]:
    return (
        STAGE_NAMES[name],
        manifest.finished_at.removesuffix("+00:00").replace("T", " "),
        f"{manifest.seconds:,.1f}",
        f"{len(manifest.files):,}",
        f"{sum(file.bytes for file in manifest.files) / 1e6:,.1f}",
        manifest.code_version,
    )


def _rows(manifest: Manifest) -> list[tuple[str, str]]:
    return [
        (key, json.dumps(value, ensure_ascii=False))
        for key, value in manifest.config.items()
        if value is not None
    ] + [*manifest.environment.items(), ("fingerprint", manifest.fingerprint)]
