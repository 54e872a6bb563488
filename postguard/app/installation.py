"""One installation of postguard: its folders, config, rows and secrets."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from postguard import language
from postguard import settings as config
from postguard.app.accounts import Accounts
from postguard.app.config_file import ConfigFile
from postguard.app.elsewhere import elsewhere, times_of
from postguard.cloak import concepts
from postguard.errors import BadPicture, ConfigError, NeedsRestart, Refused, Retryable
from postguard.language import _
from postguard.model import (
    Artist,
    ArtworkOrder,
    CloakKit,
    Delivery,
    DeliveryState,
    Draft,
    Json,
    Limits,
    Post,
    ProtectOrder,
    Rendition,
    Words,
)
from postguard.ports import Clock
from postguard.protect import captions
from postguard.publish import linking
from postguard.publish.planning import Timing
from postguard.settings import recipes
from postguard.settings.schema import AnyAccount, Config, PreviewAccount
from postguard.settings.steps import AnyStep
from postguard.store import DRAWING, Store, open_store
from postguard.system import folders, paths
from postguard.system.clock import SystemClock
from postguard.system.folders import RENDITIONS, folder_of
from postguard.system.secrets import Secrets, credentials_dir

log = logging.getLogger(__name__)

ZONE = "timezone"  # the meta key of the artist's time zone
CONFIG = "config"  # the meta key of the config that the daemon reads
_NOTICE_LANGS = ("ja", "en")
# What objects that outlive a reload were made with.
FIXED: Mapping[str, Callable[[Config], object]] = {
    "outbox": lambda c: c.outbox,
    "secrets.store": lambda c: c.secrets.store,
    "intake.watch": lambda c: c.intake.watch,
    "intake.max_megapixels": lambda c: c.intake.max_megapixels,
}


@dataclass(slots=True)
class Installation:
    """What everything shares. The config can be read anew while it runs; the rest stays."""

    path: Path
    settings: Config
    home: paths.Home
    store: Store
    clock: Clock
    secrets: Secrets
    sessions: Secrets
    file: ConfigFile  # as it lay there when it was read
    dry_run: bool = False  # whatever the accounts say
    accounts: Accounts = field(init=False)

    def __post_init__(self) -> None:
        if self.dry_run:
            self.settings = _dry(self.settings)
        self._keep_facts()
        self.accounts = Accounts(
            settings=lambda: self.settings,
            secrets=self.secrets,
            sessions=self.sessions,
            rows=self.store.accounts,
            clock=self.clock,
            previews=self.home.previews,
            originals=self.originals,
            turns=self.home.state / "turns",
        )

    def reload(self) -> None:
        """Read the config anew. Raises ConfigError, and then the old one stays."""
        new = config.load(self.path)
        for key, read in FIXED.items():
            if read(new) != read(self.settings):
                raise NeedsRestart(
                    _("{key}: it can only be changed by a restart of postguard").format(key=key),
                    self.path,
                )
        if new.language != self.settings.language and new.language in language.SPOKEN:
            language.choose(new.language)
        self.settings = _dry(new) if self.dry_run else new
        self.accounts.forget()
        self._keep_facts()

    def _keep_facts(self) -> None:
        """Keep among the facts what `list` says without reading the config: the zone of its times,
        and the accounts that post nothing."""
        drawing = [n for n, a in self.settings.accounts.items() if a.dry_run]
        facts = {ZONE: self.settings.timezone.key}
        if not self.dry_run:  # which is of this run alone
            facts[DRAWING] = json.dumps(drawing)
        before = self.store.meta.get(ZONE)
        for key, value in facts.items():
            if self.store.meta.get(key) != value:
                self.store.meta.put(key, value)
        if before not in {None, facts[ZONE]}:
            self._tell_of_the_zone()

    def _tell_of_the_zone(self) -> None:
        """A time that was given in another zone stays the moment that it was: say so."""
        zone, now = self.settings.timezone, self.clock.now()
        kept = self.store.deliveries.with_own_times()
        for delivery in kept:
            there = datetime.fromisoformat(delivery.asked).astimezone(zone)
            said = _(
                "the time zone is {zone} now; the time that was given stays the same moment, "
                "which is {when} there. `postguard move {post_id} TIME` gives another"
            ).format(zone=zone.key, when=f"{there:%Y-%m-%d %H:%M}", post_id=delivery.post_id)
            self.store.deliveries.tell(delivery, said, now)
        if kept:
            log.info("the time zone changed; times that stay the moment they were: %d", len(kept))

    @property
    def outbox(self) -> Path:
        """The folder that the artist drops art into."""
        return self.settings.outbox.expanduser()

    @property
    def models_dir(self) -> Path:
        """Where encoder weights lie."""
        named = self.settings.models.dir
        return self.home.models if named is None else named.expanduser()

    def originals(self, post_id: int) -> list[Path]:
        """Return the artist's own files of a post, for comparisons on this PC."""
        post = self.store.posts.get(post_id)
        return [folder_of(self.outbox, post) / a.name for a in post.artworks]

    def artist(self, now: datetime) -> Artist:
        """Return who made the art, as written into marks and tags."""
        table = self.settings.artist
        year = now.astimezone(self.settings.timezone).year
        langs = tuple(lang for lang in table.lang if lang in _NOTICE_LANGS) or ("en",)
        return Artist(
            name=table.name,
            copyright=table.copyright.replace("{year}", str(year)),
            web=table.web,
            langs=langs,
        )

    def seed_of(self, sha256: str) -> str:
        """Return the secret seed of one artwork's marks, in hex: the same for all networks."""
        return hmac.digest(self.secrets.artist_key(), bytes.fromhex(sha256), "sha256").hex()

    def cloak_kit(self) -> CloakKit:
        """Return what all the artist's cloaks share."""
        folder = self.path.parent
        return CloakKit(
            artist_seed=hmac.digest(self.secrets.artist_key(), b"all works", "sha256").hex(),
            concept_tables=concepts.tables(folder),
            anchors=folder / "anchors",
            memory=self.home.state / "style.json",
            weights=self.settings.models.weights,
        )

    def order_of(self, post: Post) -> ProtectOrder:
        """Return what the workshop is to do for a post, for the accounts that wait for it.

        Raises:
            BadPicture: the post's folder was taken away.
            Retryable: the outbox cannot be written to now.
            ConfigError: the config has its recipe no longer.
            Refused: the config has one of its accounts no longer.
        """
        folder = folder_of(self.outbox, post)
        into = self._renditions_folder(post)
        deliveries = self.store.deliveries.of_post(post.id)
        words = captions.inside(deliveries)
        return ProtectOrder(
            artworks=tuple(
                ArtworkOrder(
                    position=a.position,
                    path=folder / a.name,
                    sha256=a.sha256,
                    alt=words.alts[i] if i < len(words.alts) else "",
                    seed=self.seed_of(a.sha256),
                )
                for i, a in enumerate(post.artworks)
            ),
            recipe_name=post.recipe,
            recipe=self.steps(post.recipe),
            limits=self._fitted(deliveries),
            into=into,
            artist=self.artist(self.clock.now()),
            description=words.text,
            max_megapixels=self.settings.intake.max_megapixels,
            models_dir=self.models_dir,
            tags=words.tags,
            kit=self.cloak_kit(),
            post=post.id,
            identity=self.home.secrets,
            elsewhere=elsewhere(self.settings, post, self._times(deliveries), self.clock.now()),
        )

    def _times(self, deliveries: Iterable[Delivery]) -> Iterator[datetime]:
        return times_of(deliveries, self.timing, self.store.plans, self.clock.now())

    def steps(self, recipe: str) -> tuple[dict[str, Json], ...]:
        """Return a recipe's steps as plain values. Raises ConfigError for an unknown name."""
        try:
            steps = recipes.at_strength(self.settings.recipes, recipe)
        except KeyError:
            known = ", ".join(self.settings.recipes) or _("none")
            raise ConfigError(
                _("there is no recipe {recipe}; known: {known}").format(
                    recipe=recipe, known=known
                ),
                self.path,
            ) from None
        return self.plain(steps)

    def plain(self, steps: Iterable[AnyStep]) -> tuple[dict[str, Json], ...]:
        """Return steps as plain values, with the paths that they mean."""
        return tuple(self._with_paths(step.model_dump(mode="json")) for step in steps)

    def _with_paths(self, step: dict[str, Json]) -> dict[str, Json]:
        """Read a logo's path from the config's folder, as the artist meant it."""
        logo = step.get("logo")
        if not isinstance(logo, str) or not logo:
            return step
        return step | {"logo": str(self.path.parent / Path(logo).expanduser())}

    def timing(self, account: str) -> Timing:
        """Return when an account posts."""
        table, own = self.settings.schedule, self.settings.accounts.get(account)
        if own is None:
            return Timing(
                table.slots, self.settings.timezone, table.grace, table.max_late, table.if_later
            )
        return Timing(
            rules=table.slots if own.slots is None else own.slots,
            zone=self.settings.timezone,
            grace=_grace(own, table.grace),
            max_late=table.max_late if own.max_late is None else own.max_late,
            if_later=own.if_later or table.if_later,
            spacing=own.spacing,
            jitter=own.jitter,
        )

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        """Return the files that a delivery sends, in order: one for each picture, or Refused."""
        post = self.store.posts.get(delivery.post_id)
        folder = folder_of(self.outbox, post) / RENDITIONS
        found = tuple(self.store.renditions.of_post(post.id, folder, delivery.fit))
        if len(found) != len(post.artworks):
            raise Refused(
                _(
                    "{count} of its {all} pictures are protected for {account}; move the "
                    "folder's files to the outbox to have it done anew"
                ).format(count=len(found), all=len(post.artworks), account=delivery.account)
            )
        return found

    def draft(self, delivery: Delivery, words: Words, plan: Mapping[str, Json]) -> Draft:
        """Return what a delivery sends with these words, and what it was joined to by its plan.
        Raises Refused as `renditions` does."""
        joined, files = linking.kept(plan), self.renditions(delivery)
        return Draft(
            *(words, files, delivery.post_id, delivery.account),
            reply_to=joined.reply_to,
            link=joined.link if words.link_to else "",  # the copy may be gone since
        )

    def _renditions_folder(self, post: Post) -> Path:
        if folders.taken_away(self.outbox, post):
            raise BadPicture(
                _("its folder {place}/{folder} is gone").format(
                    place=post.place, folder=post.folder
                )
            )
        into = folder_of(self.outbox, post) / RENDITIONS
        try:
            into.mkdir(exist_ok=True)
        except OSError as exc:
            raise Retryable(
                _("{into} cannot be made: {strerror}").format(into=into, strerror=exc.strerror)
            ) from exc
        return into

    def _fitted(self, deliveries: list[Delivery]) -> tuple[Limits, ...]:
        """Return the limits of the deliveries to come, each once, and note which is whose."""
        found: dict[str, Limits] = {}
        for delivery in deliveries:
            if delivery.state is DeliveryState.POSTED:
                continue
            limits = self.accounts.limits(delivery.account)
            found[limits.fit] = limits
            self.store.deliveries.refit(delivery.id, limits.fit)
        return tuple(found.values())


def _dry(settings: Config) -> Config:
    """Return the config with every account posting to preview pages."""
    accounts = {
        name: account.model_copy(update={"dry_run": True})
        for name, account in settings.accounts.items()
    }
    return settings.model_copy(update={"accounts": accounts})


def open_installation(
    path: Path | None = None, clock: Clock | None = None, *, dry_run: bool = False
) -> Installation:
    """Read the config and open the rows. Raises ConfigError or Unusable."""
    path = path or config.default_path()
    file = ConfigFile(path)
    settings = config.load(path)
    home = paths.home()
    return Installation(
        path=path,
        settings=settings,
        home=home,
        store=open_store(home.database),
        clock=clock or SystemClock(),
        secrets=Secrets(home.secrets, credentials_dir(), settings.secrets.store),
        sessions=Secrets(home.state / "sessions"),
        file=file,
        dry_run=dry_run,
    )


def _grace(account: AnyAccount, usual: timedelta) -> timedelta:
    """Return an account's time to change one's mind: a page on this PC is nothing to think twice
    about, unless the account itself asks for it."""
    if account.grace is not None:
        return account.grace
    return timedelta(0) if isinstance(account, PreviewAccount) else usual
