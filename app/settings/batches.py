"""Settings of batches: how often, in which layout, and what counts as a look-alike."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from app.settings.sources import Part


class BatchSettings(Part):
    """How batches are made."""

    batch_every_minutes: int = Field(default=30, ge=1, le=24 * 60)
    lookalike_window_minutes: int = Field(default=10, ge=0, le=24 * 60)
    batch_columns: str = "generic"
    layouts_dir: Path | None = None  # a merchant's own layouts beside the shipped ones
    result_columns: Path | None = None  # what a merchant calls the columns of import results, beside the shipped names
    result_words: Path | None = None  # a merchant's own words in results beside the shipped ones
    compare_columns_dir: Path | None = None  # a merchant's own maps of others' lists, beside the shipped ones
    batch_xlsx: bool = True
    unknown_payment: Literal["ship", "hold"] = "ship"

    @field_validator("batch_every_minutes")
    @classmethod
    def periods_fill_the_day(cls, value: int) -> int:
        """Refuse a period whose boundaries would drift from day to day."""
        if 24 * 60 % value:
            raise ValueError("须能整除一天，例如 10、15、30、60")
        return value

    @property
    def batch_every(self) -> timedelta:
        """The period of batches."""
        return timedelta(minutes=self.batch_every_minutes)
