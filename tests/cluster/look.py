"""What is on the cluster's disks, as JSON. Run there: python - files RUN STAGE… | tasks EVENTS | workers URL."""

import hashlib
import json
import sys
import urllib.request
from pathlib import Path


def files(run, *stages):
    """Of each stage: its manifest's account, digest and counters, and a hash of every file."""
    return {stage: stage_files(Path(run, stage)) for stage in stages}


def stage_files(folder):
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_text()) if manifest.exists() else None
    return {
        "manifest": told and {key: told[key] for key in ("tokens", "digest", "counters")},
        "files": {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path != manifest
        },
    }


def tasks(events):
    """Every task that ended in the newest application: host, how it ended, and whether it was a speculative copy."""
    newest = max(Path(events).iterdir(), key=lambda path: path.stat().st_mtime)
    lines = newest.read_text().splitlines()
    ended = [json.loads(line) for line in lines if "SparkListenerTaskEnd" in line]
    return [
        {
            "host": event["Task Info"]["Host"],
            "reason": event["Task End Reason"]["Reason"],
            "speculative": event["Task Info"]["Speculative"],
        }
        for event in ended
    ]


def workers(url):
    """How many workers the master counts on."""
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)["aliveworkers"]


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps({"files": files, "tasks": tasks, "workers": workers}[what](*arguments)))
