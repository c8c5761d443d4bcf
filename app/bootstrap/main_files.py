"""Reads which main systems a deployment describes, an ERP's file and profiles, with their secrets; opens nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.bootstrap.main_accounts import NoSecret, account_name, secrets_of
from app.intake.profile.profile import WrongProfile, load_profiles
from app.main_system.document import MainDocument, WrongMainFile, read_main_file
from app.main_system.file_tables import allowed_address
from app.main_system.http_tables import HttpDescription
from app.settings import Settings
from app.toml_file import WrongEntry


@dataclass(frozen=True, slots=True)
class DescribedMain:
    """One main system; ``account`` is by what the store knows it."""

    name: str
    account: str
    described: MainDocument | HttpDescription
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def kind(self) -> str:
        """Which program it is."""
        return self.described.kind.name if isinstance(self.described, MainDocument) else "http"


@dataclass(frozen=True, slots=True)
class DescribedMains:
    """The main systems of a deployment, and sentences on those that cannot be called."""

    known: Sequence[DescribedMain] = ()
    wrong: Sequence[str] = ()


def described_mains(settings: Settings) -> DescribedMains:
    """Return what the settings describe."""
    known: list[DescribedMain] = []
    wrong: list[str] = []
    if settings.main_system is not None:
        try:
            document = read_main_file(settings.main_system, hosts=settings.outbound_hosts)
            name = document.kind.name
            known.append(DescribedMain(name, account_name(document), document, secrets_of(document.secrets)))
        except (WrongMainFile, NoSecret) as error:
            wrong.append(str(error))
    try:
        profiles = load_profiles(settings.profiles_dir) if settings.profiles_dir is not None else ()
    except WrongProfile as error:
        return DescribedMains(known, [*wrong, str(error)])
    for main in (one.main for one in profiles if one.main is not None):
        try:
            allowed_address(main.main.address, known=(), hosts=settings.outbound_hosts, key="main.address")
            known.append(DescribedMain(main.profile, f"profile:{main.profile}", main, secrets_of(main.main.secrets)))
        except (WrongEntry, NoSecret) as error:
            wrong.append(f"{main.profile}：{error}")
    return DescribedMains(known, wrong)
