"""The sentences of the checks of an account on Mastodon."""

from __future__ import annotations

from postguard.language import marked
from postguard.networks.audit.about import About

_POSTING = marked("the server's page: Preferences > Other (defaults for posting)")
_REQUEST = marked("a request: whoever does not heed it reads your public posts all the same")
_ADMIN = marked("only the server's owners can change it: ask them, or choose another server")

TOKEN = About(
    title=marked("what postguard may do"),
    recommended=marked("know who you are, post, and read its own posts back; nothing more"),
    reach="",
    why=marked("whoever steals the access can do what it may do"),
    by_hand=marked("`postguard logout`, then `postguard login` gives it anew with the least"),
    limit=marked("some servers know no finer access than reading or writing everything"),
)
VERSION = About(
    title=marked("the server's version"),
    recommended=marked("Mastodon 4.5 or newer, which can say who may quote"),
    reach="",
    why=marked("on an older server every other one may show your posts in quotes"),
    by_hand=_ADMIN,
    limit=marked("other servers may not heed who may quote"),
)
INDEXABLE = About(
    title=marked("full-text search"),
    recommended=marked("public posts left out of search"),
    reach=marked("people find your posts only by hashtags and through your followers"),
    why=marked("search is the simplest way to collect posts on a subject"),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Privacy and reach, switch off that "
        "public posts appear in search results"
    ),
    limit=marked(
        "a request: whoever does not heed it reads your public posts all the same; hashtags stay "
        "searchable"
    ),
    fixable=True,
)
NOINDEX = About(
    title=marked("search engines"),
    recommended=marked("asked to leave your profile and posts out"),
    reach=marked("search engines no longer lead people to you"),
    why=marked("what search engines list, collectors of training data find"),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Privacy and reach, switch off that "
        "search engines list you; no program can do it for you"
    ),
    limit=_REQUEST,
)
DISCOVERABLE = About(
    title=marked("suggestions and directory"),
    recommended=marked("off for the most privacy; on if reach matters to you"),
    reach=marked("your account is no longer suggested to people who may like it"),
    why=marked("directories are lists that programs can read from start to end"),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Privacy and reach, switch off that "
        "your account is suggested to others"
    ),
    limit=marked("who knows your address reads your public posts all the same"),
    fixable=True,
)
COLLECTIONS = About(
    title=marked("followers and follows"),
    recommended=marked("hidden"),
    reach=marked("people cannot look for friends through you"),
    why=marked("the lists show who your followers are, and lead from artist to artist"),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Privacy and reach, hide your social "
        "graph"
    ),
    limit=marked("replies and boosts show much of it still"),
    fixable=True,
)
LOCKED = About(
    title=marked("who may follow"),
    recommended=marked("you approve each follower, where you post for followers"),
    reach=marked("new followers wait until you have said yes"),
    why=marked(
        "a post for followers is seen by whoever presses the button, unless you approve them"
    ),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Privacy and reach, switch off that "
        "new followers are accepted by themselves"
    ),
    limit=marked("who follows you already stays, and their server keeps a copy"),
    fixable=True,
)
PRIVACY = About(
    title=marked("audience of posts that you write yourself"),
    recommended=marked(
        "as in the config; quiet public (unlisted) for art, followers with approval for the most "
        "privacy"
    ),
    reach=marked("quiet public posts do not appear in timelines of hashtags and servers"),
    why=marked("public timelines are what programs read to collect everything"),
    by_hand=marked(
        "the server's page: Preferences > Other (defaults for posting), posting privacy"
    ),
    limit=marked("posts by postguard always say their own audience; older posts stay as they are"),
    fixable=True,
)
QUOTE = About(
    title=marked("who may quote"),
    recommended=marked("nobody, or your followers"),
    reach=marked("fewer people come across your posts through others"),
    why=marked("a quote carries your picture on, with words that are not yours"),
    by_hand=marked("the server's page: Preferences > Other (defaults for posting), who can quote"),
    limit=marked("servers that do not know the rule may show quotes all the same"),
    fixable=True,
)
SENSITIVE = About(
    title=marked("covered pictures and language"),
    recommended=marked("as you like; a language helps people to find and to filter your posts"),
    reach=marked("covered pictures are looked at less often"),
    why=marked("they are the defaults of posts that you write yourself"),
    by_hand=_POSTING,
    limit=marked("posts by postguard always say their own"),
)
MEDIA = About(
    title=marked("the page of all pictures"),
    recommended=marked("off, if you want no place that shows all your pictures at once"),
    reach=marked("visitors do not find your pictures in one place"),
    why=marked("one page with all pictures is the easiest one to copy"),
    by_hand=marked("the server's page: Preferences > Public profile > tabs"),
    limit=marked("the posts themselves still show them all"),
    fixable=True,
)
ATTRIBUTION = About(
    title=marked("pages that may name you as their author"),
    recommended=marked("only your own, as artist.web in the config says"),
    reach=marked("articles on other pages no longer link to you as their author"),
    why=marked("whoever is on this list can put your name on what you did not make"),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Verification > author attribution"
    ),
    limit=marked("anyone can write your name without a link"),
    fixable=True,
)
ROBOTS = About(
    title=marked("AI crawlers at the server's door (robots.txt)"),
    recommended=marked("all known AI crawlers turned away"),
    reach="",
    why=marked("it is what honest crawlers read first"),
    by_hand=_ADMIN,
    limit=marked(
        "a request: whoever does not heed it reads your public posts all the same; other servers "
        "that get your posts have doors of their own"
    ),
)
PAGES = About(
    title=marked("what your own pages ask of crawlers"),
    recommended=marked("not to be indexed, or not to be used for AI (noai)"),
    reach=marked("search engines no longer lead people to you"),
    why=marked("the page itself is what a crawler sees last before it takes the picture"),
    by_hand=marked(
        "the server's page: Preferences > Public profile > Privacy and reach, switch off that "
        "search engines list you"
    ),
    limit=_REQUEST,
)
TERMS = About(
    title=marked("the server's terms and rules"),
    recommended=marked("forbid scraping and AI training"),
    reach="",
    why=marked("terms give the server's owners and you a ground to stand on"),
    by_hand=_ADMIN,
    limit=marked(
        "they bind that server's users and visitors, not the servers that your posts reach; "
        "postguard looks for words and does not judge the law"
    ),
)
AUTODELETE = About(
    title=marked("automatic deletion of old posts"),
    recommended=marked("as you like"),
    reach=marked("links to deleted posts lead nowhere"),
    why=marked("what is gone cannot be collected any more"),
    by_hand=marked("the server's page: Preferences > Automated post deletion"),
    limit=marked("copies on other servers may stay"),
)
RECENT = About(
    title=marked("recent posts with pictures"),
    recommended=marked(
        "the audience that the config says, alt texts, and no more pixels than the recipe"
    ),
    reach="",
    why=marked("a post that was made by hand, or by another program, may show more than you want"),
    by_hand=marked("edit the post for its alt text; delete it and post anew for the rest"),
    limit=marked("postguard looks at the newest posts only; other servers keep copies"),
)
