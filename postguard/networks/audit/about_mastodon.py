"""The sentences of the checks of an account on Mastodon."""

from __future__ import annotations

from postguard.networks.audit.about import About

_PRIVACY = "the server's page: Preferences > Public profile > Privacy and reach"
_POSTING = "the server's page: Preferences > Other (defaults for posting)"
_REQUEST = "a request: whoever does not heed it reads your public posts all the same"
_ADMIN = "only the server's owners can change it: ask them, or choose another server"

TOKEN = About(
    title="what postguard may do",
    recommended="know who you are, post, and read its own posts back; nothing more",
    reach="",
    why="whoever steals the access can do what it may do",
    by_hand="`postguard logout`, then `postguard login` gives it anew with the least",
    limit="some servers know no finer access than reading or writing everything",
)
VERSION = About(
    title="the server's version",
    recommended="Mastodon 4.5 or newer, which can say who may quote",
    reach="",
    why="on an older server every other one may show your posts in quotes",
    by_hand=_ADMIN,
    limit="other servers may not heed who may quote",
)
INDEXABLE = About(
    title="full-text search",
    recommended="public posts left out of search",
    reach="people find your posts only by hashtags and through your followers",
    why="search is the simplest way to collect posts on a subject",
    by_hand=f"{_PRIVACY}, switch off that public posts appear in search results",
    limit=f"{_REQUEST}; hashtags stay searchable",
    fixable=True,
)
NOINDEX = About(
    title="search engines",
    recommended="asked to leave your profile and posts out",
    reach="search engines no longer lead people to you",
    why="what search engines list, collectors of training data find",
    by_hand=f"{_PRIVACY}, switch off that search engines list you; no program can do it for you",
    limit=_REQUEST,
)
DISCOVERABLE = About(
    title="suggestions and directory",
    recommended="off for the most privacy; on if reach matters to you",
    reach="your account is no longer suggested to people who may like it",
    why="directories are lists that programs can read from start to end",
    by_hand=f"{_PRIVACY}, switch off that your account is suggested to others",
    limit="who knows your address reads your public posts all the same",
    fixable=True,
)
COLLECTIONS = About(
    title="followers and follows",
    recommended="hidden",
    reach="people cannot look for friends through you",
    why="the lists show who your followers are, and lead from artist to artist",
    by_hand=f"{_PRIVACY}, hide your social graph",
    limit="replies and boosts show much of it still",
    fixable=True,
)
LOCKED = About(
    title="who may follow",
    recommended="you approve each follower, where you post for followers",
    reach="new followers wait until you have said yes",
    why="a post for followers is seen by whoever presses the button, unless you approve them",
    by_hand=f"{_PRIVACY}, switch off that new followers are accepted by themselves",
    limit="who follows you already stays, and their server keeps a copy",
    fixable=True,
)
PRIVACY = About(
    title="audience of posts that you write yourself",
    recommended="as in the config; quiet public (unlisted) for art, followers with approval for "
    "the most privacy",
    reach="quiet public posts do not appear in timelines of hashtags and servers",
    why="public timelines are what programs read to collect everything",
    by_hand=f"{_POSTING}, posting privacy",
    limit="posts by postguard always say their own audience; older posts stay as they are",
    fixable=True,
)
QUOTE = About(
    title="who may quote",
    recommended="nobody, or your followers",
    reach="fewer people come across your posts through others",
    why="a quote carries your picture on, with words that are not yours",
    by_hand=f"{_POSTING}, who can quote",
    limit="servers that do not know the rule may show quotes all the same",
    fixable=True,
)
SENSITIVE = About(
    title="covered pictures and language",
    recommended="as you like; a language helps people to find and to filter your posts",
    reach="covered pictures are looked at less often",
    why="they are the defaults of posts that you write yourself",
    by_hand=_POSTING,
    limit="posts by postguard always say their own",
)
MEDIA = About(
    title="the page of all pictures",
    recommended="off, if you want no place that shows all your pictures at once",
    reach="visitors do not find your pictures in one place",
    why="one page with all pictures is the easiest one to copy",
    by_hand="the server's page: Preferences > Public profile > tabs",
    limit="the posts themselves still show them all",
    fixable=True,
)
ATTRIBUTION = About(
    title="pages that may name you as their author",
    recommended="only your own, as artist.web in the config says",
    reach="articles on other pages no longer link to you as their author",
    why="whoever is on this list can put your name on what you did not make",
    by_hand="the server's page: Preferences > Public profile > Verification > author attribution",
    limit="anyone can write your name without a link",
    fixable=True,
)
ROBOTS = About(
    title="AI crawlers at the server's door (robots.txt)",
    recommended="all known AI crawlers turned away",
    reach="",
    why="it is what honest crawlers read first",
    by_hand=_ADMIN,
    limit=f"{_REQUEST}; other servers that get your posts have doors of their own",
)
PAGES = About(
    title="what your own pages ask of crawlers",
    recommended="not to be indexed, or not to be used for AI (noai)",
    reach="search engines no longer lead people to you",
    why="the page itself is what a crawler sees last before it takes the picture",
    by_hand=f"{_PRIVACY}, switch off that search engines list you",
    limit=_REQUEST,
)
TERMS = About(
    title="the server's terms and rules",
    recommended="forbid scraping and AI training",
    reach="",
    why="terms give the server's owners and you a ground to stand on",
    by_hand=_ADMIN,
    limit="they bind that server's users and visitors, not the servers that your posts reach; "
    "postguard looks for words and does not judge the law",
)
AUTODELETE = About(
    title="automatic deletion of old posts",
    recommended="as you like",
    reach="links to deleted posts lead nowhere",
    why="what is gone cannot be collected any more",
    by_hand="the server's page: Preferences > Automated post deletion",
    limit="copies on other servers may stay",
)
RECENT = About(
    title="recent posts with pictures",
    recommended="the audience that the config says, alt texts, and no more pixels than the recipe",
    reach="",
    why="a post that was made by hand, or by another program, may show more than you want",
    by_hand="edit the post for its alt text; delete it and post anew for the rest",
    limit="postguard looks at the newest posts only; other servers keep copies",
)
