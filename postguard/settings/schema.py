"""What may stand in `config.toml`. Every key has its default here and a line in
`config.example.toml`; an unknown key is an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StrictBool, field_validator, model_validator
from pydantic_core import PydanticCustomError

from postguard.language import _
from postguard.model import Late, Quotes, Replies, Visibility
from postguard.model.measures import Fear
from postguard.model.news import News
from postguard.settings.recipes import at_strength, order_problem
from postguard.settings.steps import AnyStep
from postguard.settings.values import (
    AccountName,
    Address,
    Daily,
    Duration,
    HardwareAddress,
    Langs,
    Lists,
    Slots,
    Table,
    Template,
    Timezone,
)


class ArtistTable(Table):
    """`[artist]`: who made the art. `{year}` in `copyright` becomes the year of posting.
    `lang`: languages of the notice: "ja", "en" or both. A post that does not say its own has that
    of its text, as far as its letters tell, else the first of these.
    `fear`: what they fear most; it decides which measure `check` calls the next to add."""

    name: str = ""
    copyright: str = ""
    web: str = ""
    lang: Langs = ("en",)
    fear: Fear = Fear.BOTH


class Account(Table):
    """What all accounts share.

    `text`: what is posted, made of what the sidecar says. `lists`: who may reply where `replies`
    is "lists". `link`: the account whose copy this one's text links to. `overflow`: what becomes
    of a text that is too long. `slots`, `grace`, `max_late`, `if_later`: this account's own,
    instead of `[schedule]`'s. `spacing`: the least time between two posts. `jitter`: the most that
    a slot is moved by. `dry_run`: posts become preview pages on this PC.
    """

    text: Template = "{text}"

    visibility: Visibility = Visibility.PUBLIC
    replies: Replies = Replies.EVERYONE
    quotes: Quotes = Quotes.EVERYONE
    lang: Langs = ()
    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hidden_tags: tuple[str, ...] = ()
    lists: Lists = ()
    link: str = ""
    overflow: Literal["refuse", "thread"] = "refuse"
    slots: Slots | None = None
    grace: Duration | None = None
    max_late: Duration | None = None
    if_later: Late | None = None
    spacing: Duration = timedelta(0)
    jitter: Duration = timedelta(0)
    recipe: str | None = None
    enabled: StrictBool = True
    dry_run: StrictBool = False


class BlueskyAccount(Account):
    """An account on Bluesky. `service`: the PDS, for accounts that are not at bsky.social.
    `gallery`: a post may hold up to ten pictures, where apps that are older show none."""

    network: Literal["bluesky"]
    handle: Annotated[str, Field(min_length=3)]
    service: Address = "https://bsky.social"
    gallery: StrictBool = False

    @field_validator("handle")
    @classmethod
    def _bare(cls, value: str) -> str:
        return value.removeprefix("@").strip().lower()


class MastodonAccount(Account):
    """An account on Mastodon or a relative. `instance`: the server's address."""

    network: Literal["mastodon"]
    instance: Address


class PreviewAccount(Account):
    """No account at all: posts become a page on this PC. `shows`: whose limits and re-encoding."""

    network: Literal["preview"]
    shows: Literal["bluesky", "mastodon"] = "bluesky"


AnyAccount = Annotated[
    BlueskyAccount | MastodonAccount | PreviewAccount, Field(discriminator="network")
]


class ScheduleTable(Table):
    """`[schedule]`: when posts go out."""

    grace: Duration = timedelta(minutes=2)
    slots: Slots = ()
    max_late: Duration = timedelta(hours=3)
    if_later: Late = Late.NEXT_SLOT
    stay_awake: StrictBool = False


class IntakeTable(Table):
    """`[intake]`: when a dropped file counts as finished, and what it must have."""

    settle: Duration = timedelta(seconds=2)
    words_wait: Duration = timedelta(seconds=20)
    give_up: Duration = timedelta(hours=1)
    require_alt: StrictBool = True
    max_megapixels: Annotated[float, Field(strict=True, gt=0, le=2000)] = 200.0
    watch: Literal["auto", "events", "polling"] = "auto"


class AuditTable(Table):
    """`[audit]`: the daily look at each account's own settings. `intents`: the AI uses that
    `audit --fix --yes` may refuse in the artist's name without asking."""

    daily: StrictBool = True
    intents: tuple[Literal["training", "generation", "inference"], ...] = ()


class NotifyTable(Table):
    """`[notify]`: messages on this desktop or a phone, and of what: `postguard notify phone` keeps
    the phone's address among the secrets."""

    desktop: StrictBool = False
    phone: StrictBool = False
    about: tuple[News, ...] = tuple(News)


class DiskTable(Table):
    """`[disk]`: below so many free megabytes nothing new is begun."""

    floor_mb: Annotated[int, Field(strict=True, ge=50, le=1_000_000)] = 500


class ModelsTable(Table):
    """`[models]`: where encoder weights for the cloak lie; empty: the data folder's `models`.
    `weights`: how much an encoder counts, by its name; 1 where none is said, 0 leaves it out."""

    dir: Path | None = None
    weights: dict[str, Annotated[float, Field(ge=0, le=100)]] = Field(default_factory=dict)


class SecretsTable(Table):
    """`[secrets]`: where passwords and tokens are kept: 0600 files, or the desktop's keyring."""

    store: Literal["file", "keyring"] = "file"


class CloakTable(Table):
    """`[cloak]`: who draws cloaks. `engine`: this machine, or those of `[cluster]`; `wait`: how
    long a post waits for one of those, and never into its time or slot; `fallback`:
    what is done then. `hours`: when cloaks are drawn; `wait_for_gpu`: not while others use it."""

    engine: Literal["local", "cluster"] = "local"
    wait: Duration = timedelta(hours=12)
    fallback: Literal["wait", "local", "instant"] = "local"
    hours: Daily | None = None
    wait_for_gpu: StrictBool = True


class ClusterTable(Table):
    """`[cluster]`: the machines that protect for this one. `scheduler`: address of the one that
    is always on, empty: there is none; `wake`: hardware addresses of those that may be asleep."""

    scheduler: str = ""
    wake: tuple[HardwareAddress, ...] = ()


def _link_problem(name: str, accounts: Mapping[str, Account]) -> str | None:
    """Return what is wrong with the account that `name` links to, if anything."""
    seen, link = [name], accounts[name].link
    while link:
        if link not in accounts:
            others = [other for other in accounts if other != name]
            return _("there is no account of this name; there is: {others}").format(
                others=", ".join(others) or _("no other")
            )
        if link in seen:
            return _("the links go round: {links}; none could be posted first").format(
                links=" -> ".join([*seen, link])
            )
        seen.append(link)
        link = accounts[link].link
    return None


def _fault_at(place: tuple[int | str, ...], problem: str) -> PydanticCustomError:
    """Return a fault that lies deeper in the config than the table that found it."""
    return PydanticCustomError("fault_at", "{problem}", {"at": place, "problem": problem})


class Config(Table):
    """The whole of `config.toml`. `language`: what postguard speaks to the artist; "auto": what
    this PC's locale says."""

    outbox: Path = Path("~/outbox")
    timezone: Timezone = ZoneInfo("UTC")
    language: Literal["auto", "en", "ja"] = "auto"
    artist: ArtistTable = ArtistTable()
    accounts: dict[AccountName, AnyAccount] = Field(default_factory=dict)
    schedule: ScheduleTable = ScheduleTable()
    intake: IntakeTable = IntakeTable()
    audit: AuditTable = AuditTable()
    notify: NotifyTable = NotifyTable()
    disk: DiskTable = DiskTable()
    models: ModelsTable = ModelsTable()
    cloak: CloakTable = CloakTable()
    cluster: ClusterTable = ClusterTable()
    secrets: SecretsTable = SecretsTable()
    recipes: dict[str, tuple[AnyStep, ...]] = Field(default_factory=dict)

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    def steps(self, recipe: str) -> tuple[AnyStep, ...]:
        """Return the steps that a post's recipe means; none: there is no such recipe (any more).
        `default@low` is the recipe `default` with a cloak of that strength."""
        try:
            return at_strength(self.recipes, recipe)
        except KeyError:
            return ()

    @model_validator(mode="after")
    def _recipes_in_order(self) -> Config:
        for name, steps in self.recipes.items():
            if (found := order_problem(steps)) is not None:
                index, reason = found
                raise _fault_at(("recipes", name, index), reason)
        return self

    @model_validator(mode="after")
    def _known_recipes(self) -> Config:
        for name, account in self.accounts.items():
            if account.recipe is not None and account.recipe not in self.recipes:
                known = ", ".join(self.recipes) or _("none")
                problem = _("there is no recipe of this name; there is: {known}").format(
                    known=known
                )
                raise _fault_at(("accounts", name, "recipe"), problem)
        return self

    @model_validator(mode="after")
    def _links_lead_somewhere(self) -> Config:
        for name, account in self.accounts.items():
            if account.link and (problem := _link_problem(name, self.accounts)):
                raise _fault_at(("accounts", name, "link"), problem)
        return self

    @model_validator(mode="after")
    def _each_account_once(self) -> Config:
        seen: dict[str, str] = {}
        for name, account in self.accounts.items():
            if isinstance(account, BlueskyAccount):
                first = seen.setdefault(account.handle, name)
                if first != name:
                    problem = _(
                        "is the account that {first} is already: all would be posted twice"
                    ).format(first=first)
                    raise _fault_at(("accounts", name, "handle"), problem)
        return self
