"""What one web process knows of its own condition."""

from dataclasses import dataclass
from pathlib import Path

from app.store.commit.group_commit import GroupCommit
from app.store.database.engine import Engines
from app.store.main_standing import MainStanding
from app.store.spool.file import SpoolCounts, damaged_files
from app.watch.rule import Trouble


@dataclass(slots=True)
class ProcessState:
    """Read by health checks and figures, kept up to date by the process's own loops."""

    commit: GroupCommit
    engines: Engines
    data_dir: Path
    spool_dir: Path
    spool_depth: int = 0
    spool_quarantined: int = 0
    troubles: tuple[Trouble, ...] = ()
    """What the watch's rules found at their last look at the store."""
    main: MainStanding | None = None
    """How the main system stands, None where nobody asks."""
    worker_silence: str = ""
    """What every page of the console says while the worker has been silent for minutes."""

    def marks(self) -> dict[str, object]:
        """Return what moves when this process's condition does, for pages that show it."""
        return {"troubles": (self.troubles, self.commit.away_because, self.commit.spool_trouble, self.spool_depth)}

    def spool(self) -> SpoolCounts:
        """Return what is known of this machine's spool; damaged files are looked for now."""
        damaged = tuple(path.name for path in damaged_files(self.spool_dir))
        return SpoolCounts(self.spool_depth, self.spool_quarantined, damaged)
