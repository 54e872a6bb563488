"""The sentences of the checks of a Bluesky account."""

from __future__ import annotations

from postguard.language import marked
from postguard.networks.audit.about import About

SESSION = About(
    title=marked("the account itself"),
    recommended=marked("active, with a confirmed mail address and a code by mail at the login"),
    reach="",
    why=marked("whoever takes the account over can post and delete your art in your name"),
    by_hand=marked("Bluesky: Settings > Account, confirm the address and switch on two-factor"),
    limit=marked("a server may tell nothing of the code by mail to an app password"),
)
APP_PASSWORD = About(
    title=marked("what postguard may do"),
    recommended=marked("an app password without access to direct messages"),
    reach="",
    why=marked("a main password opens everything, from your messages to deleting the account"),
    by_hand=marked(
        "Bluesky: Settings > Privacy and security > App passwords, make one, then `postguard "
        "login` again"
    ),
    limit=marked("an app password can still post and delete in your name"),
)
PASSWORDS = About(
    title=marked("app passwords"),
    recommended=marked("one for postguard, and none that you do not know or no longer use"),
    reach="",
    why=marked("each of them can post and delete in your name"),
    by_hand=marked(
        "Bluesky: Settings > Privacy and security > App passwords, delete what you do not know"
    ),
    limit=marked("apps that log in another way (OAuth) are not listed here"),
)
LOGGED_OUT = About(
    title=marked("who sees posts without an account"),
    recommended=marked("ask apps to hide your posts from people who are not logged in"),
    reach=marked("links to your posts show nothing to people without an account"),
    why=marked("it keeps simple crawlers of Bluesky's own pages away"),
    by_hand=marked("Bluesky: Settings > Privacy and security > Logged-out visibility"),
    limit=marked(
        "it is a request; other apps and the open data do not heed it, and a public post can be "
        "copied all the same: the marks and the small size remain"
    ),
    fixable=True,
)
AI = About(
    title=marked("AI preference"),
    recommended=marked(
        "training, generation and inference refused; embedding (search, feeds) is yours to choose"
    ),
    reach=marked(
        "nothing for people; refusing embedding may hide you from some searches and feeds"
    ),
    why=marked(
        "it is the one place where machines can read what you refuse for the whole account"
    ),
    by_hand=marked("an app that has a page for it (Blacksky), or `postguard audit --fix`"),
    limit=marked("a request that only honest collectors read; no large one was seen to heed it"),
    fixable=True,
)
OVERRIDES = About(
    title=marked("exceptions from the AI preference"),
    recommended=marked("none that you did not mean"),
    reach="",
    why=marked("an exception for one company or one kind of post wins over the general refusal"),
    by_hand=marked("the app in which you allowed it; postguard does not touch what you allowed"),
    limit=marked("as of the preference itself: a request"),
)
INTENTS = About(
    title=marked("declared intents (a proposal)"),
    recommended=marked("generation and data sets not allowed"),
    reach="",
    why=marked("it may become Bluesky's own way to refuse AI use"),
    by_hand=marked(
        "an app that has a page for it; postguard does not write what is only proposed"
    ),
    limit=marked("it is a proposal (0008): nobody is known to read it"),
)
DEFAULT_GATES = About(
    title=marked("gates of posts made in the app"),
    recommended=marked("quotes off, and replies as you like"),
    reach=marked("others cannot quote your posts, so fewer people come across them"),
    why=marked("a quote carries your picture on, where your own gates no longer hold"),
    by_hand=marked("Bluesky: Settings > Moderation > Post interaction settings"),
    limit=marked(
        "it counts for Bluesky's own app only; postguard sets the gates of its own posts. The "
        "server takes all settings of the app at once: what you change in it in the same second "
        "as --fix may be lost"
    ),
    fixable=True,
)
RECENT_GATES = About(
    title=marked("gates of recent posts"),
    recommended=marked("quotes off on posts with art, and replies as the config says"),
    reach=marked("others cannot quote these posts, so fewer people come across them"),
    why=marked("a quote carries your picture on, where your own gates no longer hold"),
    by_hand=marked("the post's menu > Edit interaction settings"),
    limit=marked("quotes that were made before stay, and a screenshot needs none"),
    fixable=True,
)
ALTS = About(
    title=marked("alt texts of recent posts"),
    recommended=marked("every picture has one"),
    reach=marked("more reach, not less: people who cannot see it, and searches, find your art"),
    why=marked("some people cannot see the picture; and a line against AI use fits there"),
    by_hand=marked(
        "`postguard edit POST --alt` for a post that postguard made; the app cannot change an "
        "alt text, so any other is deleted and posted again"
    ),
    limit=marked("postguard looks at the newest posts only"),
)
PICTURES = About(
    title=marked("files of recent pictures"),
    recommended=marked("no private metadata, no larger than your recipe, made by postguard"),
    reach="",
    why=marked("Bluesky gives everybody the file as it was uploaded, with all that it tells"),
    by_hand=marked("delete the post, and post the picture again through postguard"),
    limit=marked("a copy that was made before stays; postguard looks at the newest pictures only"),
)
PDS = About(
    title=marked("where the account lies"),
    recommended=marked("the server that the config names"),
    reach="",
    why=marked("an account that was moved must be logged in where it is now"),
    by_hand=marked("set `service` of the account in the config to the server named here"),
    limit=marked("the server's owner can read and change everything on it"),
)
CONTACT = About(
    title=marked("messages"),
    recommended=marked("messages only from people whom you follow"),
    reach=marked("strangers cannot write to you, people with a commission among them"),
    why=marked("offers that are fraud, and demands, mostly come from strangers"),
    by_hand=marked("Bluesky: Chat > Settings"),
    limit=marked("replies to your posts are another thing: see the gates"),
    fixable=True,
)
BRIDGE = About(
    title=marked("copies in the fediverse"),
    recommended=marked(
        "you know of it: a bridge copies your posts to servers with rules of their own"
    ),
    reach=marked("without the bridge nobody in the fediverse can follow you"),
    why=marked("AI rules and gates of Bluesky do not hold on Mastodon's servers"),
    by_hand=marked("to end it, block or stop following the bridge account"),
    limit=marked("other bridges may copy without being followed"),
)
