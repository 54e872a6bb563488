"""The sentences of the checks of a Bluesky account."""

from __future__ import annotations

from postguard.networks.audit.about import About

_SECURITY = "Bluesky: Settings > Privacy and security"
_COPY = "a public post can be copied all the same: the marks and the small size remain"

SESSION = About(
    title="the account itself",
    recommended="active, with a confirmed mail address and a code by mail at the login",
    reach="",
    why="whoever takes the account over can post and delete your art in your name",
    by_hand="Bluesky: Settings > Account, confirm the address and switch on two-factor",
    limit="a server may tell nothing of the code by mail to an app password",
)
APP_PASSWORD = About(
    title="what postguard may do",
    recommended="an app password without access to direct messages",
    reach="",
    why="a main password opens everything, from your messages to deleting the account",
    by_hand=f"{_SECURITY} > App passwords, make one, then `postguard login` again",
    limit="an app password can still post and delete in your name",
)
PASSWORDS = About(
    title="app passwords",
    recommended="one for postguard, and none that you do not know or no longer use",
    reach="",
    why="each of them can post and delete in your name",
    by_hand=f"{_SECURITY} > App passwords, delete what you do not know",
    limit="apps that log in another way (OAuth) are not listed here",
)
LOGGED_OUT = About(
    title="who sees posts without an account",
    recommended="ask apps to hide your posts from people who are not logged in",
    reach="links to your posts show nothing to people without an account",
    why="it keeps simple crawlers of Bluesky's own pages away",
    by_hand=f"{_SECURITY} > Logged-out visibility",
    limit=f"it is a request; other apps and the open data do not heed it, and {_COPY}",
    fixable=True,
)
AI = About(
    title="AI preference",
    recommended="training, generation and inference refused; embedding (search, feeds) is yours "
    "to choose",
    reach="nothing for people; refusing embedding may hide you from some searches and feeds",
    why="it is the one place where machines can read what you refuse for the whole account",
    by_hand="an app that has a page for it (Blacksky), or `postguard audit --fix`",
    limit="a request that only honest collectors read; no large one was seen to heed it",
    fixable=True,
)
OVERRIDES = About(
    title="exceptions from the AI preference",
    recommended="none that you did not mean",
    reach="",
    why="an exception for one company or one kind of post wins over the general refusal",
    by_hand="the app in which you allowed it; postguard does not touch what you allowed",
    limit="as of the preference itself: a request",
)
INTENTS = About(
    title="declared intents (a proposal)",
    recommended="generation and data sets not allowed",
    reach="",
    why="it may become Bluesky's own way to refuse AI use",
    by_hand="an app that has a page for it; postguard does not write what is only proposed",
    limit="it is a proposal (0008): nobody is known to read it",
)
DEFAULT_GATES = About(
    title="gates of posts made in the app",
    recommended="quotes off, and replies as you like",
    reach="others cannot quote your posts, so fewer people come across them",
    why="a quote carries your picture on, where your own gates no longer hold",
    by_hand="Bluesky: Settings > Moderation > Post interaction settings",
    limit="it counts for Bluesky's own app only; postguard sets the gates of its own posts. The "
    "server takes all settings of the app at once: what you change in it in the same second as "
    "--fix may be lost",
    fixable=True,
)
RECENT_GATES = About(
    title="gates of recent posts",
    recommended="quotes off on posts with art, and replies as the config says",
    reach="others cannot quote these posts, so fewer people come across them",
    why="a quote carries your picture on, where your own gates no longer hold",
    by_hand="the post's menu > Edit interaction settings",
    limit="quotes that were made before stay, and a screenshot needs none",
    fixable=True,
)
ALTS = About(
    title="alt texts of recent posts",
    recommended="every picture has one",
    reach="more reach, not less: people who cannot see it, and searches, find your art",
    why="some people cannot see the picture; and a line against AI use fits there",
    by_hand="`postguard edit POST --alt` for a post that postguard made; the app cannot change an "
    "alt text, so any other is deleted and posted again",
    limit="postguard looks at the newest posts only",
)
PICTURES = About(
    title="files of recent pictures",
    recommended="no private metadata, no larger than your recipe, made by postguard",
    reach="",
    why="Bluesky gives everybody the file as it was uploaded, with all that it tells",
    by_hand="delete the post, and post the picture again through postguard",
    limit="a copy that was made before stays; postguard looks at the newest pictures only",
)
PDS = About(
    title="where the account lies",
    recommended="the server that the config names",
    reach="",
    why="an account that was moved must be logged in where it is now",
    by_hand="set `service` of the account in the config to the server named here",
    limit="the server's owner can read and change everything on it",
)
CONTACT = About(
    title="messages",
    recommended="messages only from people whom you follow",
    reach="strangers cannot write to you, people with a commission among them",
    why="offers that are fraud, and demands, mostly come from strangers",
    by_hand="Bluesky: Chat > Settings",
    limit="replies to your posts are another thing: see the gates",
    fixable=True,
)
BRIDGE = About(
    title="copies in the fediverse",
    recommended="you know of it: a bridge copies your posts to servers with rules of their own",
    reach="without the bridge nobody in the fediverse can follow you",
    why="AI rules and gates of Bluesky do not hold on Mastodon's servers",
    by_hand="to end it, block or stop following the bridge account",
    limit="other bridges may copy without being followed",
)
