# ruff: noqa: INP001 - a script, not a package
"""Looks for known vulnerabilities in the locked packages: a known one fails, and no answer is said loudly."""

import json
import re
import subprocess
import sys

LOCK = "requirements-dev.lock"
"""Holds every package of the other two lock files as well."""

AWAY = re.compile(r"Could not connect|not redirecting|ServiceError|(requests|urllib3)\.exceptions")
OPTIONS = "--disable-pip --require-hashes --progress-spinner off --format json --requirement"


def main() -> int:
    """Audit and return the exit code."""
    command = [sys.executable, "-m", "pip_audit", *OPTIONS.split(), LOCK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        say(done.stderr.strip()[-2000:])
        return loud("the advisory service could not be reached") if AWAY.search(done.stderr) else 1
    found = [(package, advisory) for package in packages for advisory in package.get("vulns", ())]
    for package, advisory in found:
        fixed = ", ".join(advisory["fix_versions"]) or "no release yet"
        say(f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixed}")
    skipped = sum("skip_reason" in package for package in packages)
    say(f"{len(packages) - skipped} of {len(packages)} locked packages audited, {len(found)} known vulnerabilities")
    if found:
        return 1
    return loud(f"the advisory service told nothing about {skipped} packages") if skipped else 0


def loud(sentence: str) -> int:
    """Say that nothing was proved; an advisory service that is away is no fault of the code."""
    rule = "!" * 100
    say(f"\n{rule}\n!!  NOT AUDITED: {sentence}.\n!!  Run `make audit` again where it can be.\n{rule}\n")
    return 0


def say(text: str) -> None:
    """Tell the person, or the build's log."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
