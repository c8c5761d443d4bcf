"""What one web process knows of its own condition."""

from dataclasses import dataclass, field
from pathlib import Path

from app.store.commit.group_commit import GroupCommit
from app.store.database.engine import Engines


@dataclass(slots=True)
class ProcessState:
    """Read by health checks and figures, kept up to date by the process's own loops."""

    commit: GroupCommit
    engines: Engines
    data_dir: Path
    spool_dir: Path
    spool_depth: int = 0
    spool_quarantined: int = 0
    warnings: dict[str, str] = field(default_factory=dict)
    """Stable code to Chinese sentence, e.g. that PostgreSQL runs without a synchronous standby."""
