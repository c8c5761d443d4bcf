"""Settings of the watch over order health."""

from datetime import date

from pydantic import field_validator

from app.settings.sources import Part, Words


class WatchSettings(Part):
    """What the watch compares with."""

    special_days: Words = ()  # promotions and holidays, YYYY-MM-DD; no other day is compared with them

    @field_validator("special_days")
    @classmethod
    def days_are_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no day."""
        for day in value:
            try:
                date.fromisoformat(day)
            except ValueError as error:
                raise ValueError(f"{day!r} 不是日期，例如 2026-11-11") from error
        return value

    @property
    def special_dates(self) -> frozenset[date]:
        """The special days."""
        return frozenset(date.fromisoformat(day) for day in self.special_days)
