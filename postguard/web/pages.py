"""The pages and what they send: one thin function for each address."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from postguard.errors import BadFields, PostguardError, Unusable
from postguard.web import changes, guarding, peers, receiving, rendering, views, weeks
from postguard.web.account_pages import AccountPages
from postguard.web.desk import Desk, NoPictureError
from postguard.web.facts import Told
from postguard.web.frame import Frame
from postguard.web.peers import Address, Peer
from postguard.web.post_page import post_page
from postguard.web.recipe_pages import RecipePages
from postguard.web.serving import Visits
from postguard.web.sessions import Sessions

_STATIC = Path(__file__).with_name("static")
_NO_PICTURE = _STATIC / "no-picture.svg"
_AT_ONCE = 24  # cards of one stage; the rest comes when it is scrolled to
_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}
_FOR_NOW = {"Cache-Control": "private, max-age=60"}
_STYLES = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_SCRIPTS = re.compile(r"<script>.*?</script>", re.DOTALL)
# Without its script a preview has no slider: it shows what is posted.
_STILL = (
    "<style>.duo { --cut: 0% !important; }"
    ".duo::after, .duo .knob, .duo .l, .duo input { display: none !important; }</style>"
)
_BAD, _NOT_THERE, _TOO_LARGE = 422, 404, 413
Endpoint = Callable[[Request], Awaitable[Response]]


def application(
    desk: Desk, folder: Path, port: int, visits: Visits, now: Callable[[], datetime]
) -> ASGIApp:
    """Return the dashboard behind its guard."""
    sessions = Sessions(folder, port, now)
    site = Site(desk, sessions, visits, now)
    inner = Starlette(routes=site.routes(), exception_handlers={PostguardError: _said})
    return guarding.Guard(inner, sessions, _whose, _turned_away, visits.seen)


def door(address: str) -> str:
    """Return a page for this user's eyes alone that leads to a one-time link."""
    return rendering.text("door.html.j2", address=address)


@dataclass(frozen=True, slots=True)
class Site:
    """All addresses."""

    desk: Desk
    sessions: Sessions
    visits: Visits
    now: Callable[[], datetime]

    @property
    def frame(self) -> Frame:
        """What every page has around it."""
        return Frame(self.desk, self.now)

    def routes(self) -> list[Route | Mount]:
        """Return what answers where."""
        post = "/posts/{post:int}"
        picture, account = "/pictures/{post:int}/{position:int}", "/accounts/{account}"
        recipes, access = RecipePages(self.frame), AccountPages(self.frame)
        reading: dict[str, Endpoint] = {
            "/enter": self.threshold,
            "/": self.queue,
            "/weeks": self.weeks,
            "/held": self.held,
            "/accounts": access.all,
            "/recipes": recipes.all,
            "/recipe": recipes.one,
            "/tries/{key}/{side}": recipes.picture,
            "/log": self.log,
            "/events": self.events,
            post: self.post,
            f"{post}/as/{{account}}/{{file:path}}": self.as_shown,
            f"{picture}/small": self.small,
            f"{picture}/{{fit}}/after": self.after,
            f"{picture}/{{fit}}/before": self.before,
        }
        changing: dict[str, Endpoint] = {
            "/enter": self.enter,
            f"{post}/move": self.move,
            f"{post}/words": self.words,
            f"{post}/count": self.count,
            f"{post}/retract": self.retract,
            f"{post}/recipe": self.recipe,
            f"{post}/{{action}}": self.act,
            "/pause": self.pause,
            "/recipe/check": recipes.check,
            "/recipe/show": recipes.show,
            "/recipe/keep": recipes.keep,
            f"{account}/ask": access.ask,
            f"{account}/login": access.login,
            f"{account}/audit": access.audit,
            f"{account}/offer": access.offer,
            f"{account}/fix": access.fix,
            "/drops": self.begin_drop,
            "/drops/{key}/{number:int}": self.drop_picture,
            "/drops/{key}": self.finish_drop,
        }
        return [
            *(Route(path, run, methods=["GET"]) for path, run in reading.items()),
            *(Route(path, run, methods=["POST"]) for path, run in changing.items()),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]

    async def threshold(self, request: Request) -> Response:
        """Show the page that hands the link's secret over: behind # it is in no log."""
        return rendering.page("enter.html.j2")

    async def enter(self, request: Request) -> Response:
        """Let a browser in that holds a link."""
        said = await receiving.form(request)
        cookie = await run_in_threadpool(self.sessions.enter, said.get("secret", ""))
        if cookie is None:
            return Response(status_code=guarding.Refusal.FORBIDDEN)
        return Response(status_code=204, headers={"Set-Cookie": cookie})

    async def queue(self, request: Request) -> Response:
        """Show the cards."""
        most = _number(request, "most") or _AT_ONCE

        def made() -> HTMLResponse:
            found = self.desk.reading.queue(most)
            columns = views.columns(found, self.now(), self.desk.reading.zone)
            recipes = [recipe.name for recipe in self.desk.surroundings.recipes()]
            return self.frame.page("queue", columns=columns, most=most, recipes=recipes)

        return await run_in_threadpool(made)

    async def weeks(self, request: Request) -> Response:
        """Show the calendar."""

        def made() -> HTMLResponse:
            reading = self.desk.reading
            days = reading.days()
            shows = self.desk.surroundings.shows()
            return self.frame.page("weeks", weeks=weeks.weeks(days, shows, reading.zone))

        return await run_in_threadpool(made)

    async def held(self, request: Request) -> Response:
        """Show what needs the artist."""

        def made() -> HTMLResponse:
            logged_out = self.desk.reading.standing().logged_out
            accounts = self.desk.surroundings.accounts() if logged_out else []
            recipes = [recipe.name for recipe in self.desk.surroundings.recipes()]
            needs = self.desk.reading.needs()
            return self.frame.page(
                "held",
                needs=needs,
                accounts=[a for a in accounts if a.logged_out],
                recipes=recipes,
            )

        return await run_in_threadpool(made)

    async def post(self, request: Request) -> Response:
        """Show one post."""

        def made() -> HTMLResponse:
            detail = self.desk.reading.detail(request.path_params["post"])
            page = post_page(detail, self.now(), self.desk.reading.zone)
            return self.frame.page("post", page=page, post_id=page.card.id)

        return await run_in_threadpool(made)

    async def log(self, request: Request) -> Response:
        """Show what happened."""
        before = _number(request, "before")
        return await run_in_threadpool(
            lambda: self.frame.page("log", lines=self.desk.reading.log(before), before=before)
        )

    async def events(self, request: Request) -> Response:
        """Tell the page what changes, as long as it is open."""
        stream = changes.stream(self.desk.watching, self.visits)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def small(self, request: Request) -> Response:
        """Send the small picture of a card, or a drawing that says that there is none."""
        try:
            return await self._picture(self.desk.pictures.thumb, request, "post", "position")
        except NoPictureError:
            return FileResponse(_NO_PICTURE, headers={"Cache-Control": "no-store"})

    async def after(self, request: Request) -> Response:
        """Send a protected file."""
        return await self._picture(self.desk.pictures.after, request, "post", "position", "fit")

    async def before(self, request: Request) -> Response:
        """Send the original as large as its protected file."""
        return await self._picture(self.desk.pictures.before, request, "post", "position", "fit")

    async def as_shown(self, request: Request) -> Response:
        """Send a post as its network would show it, or a picture of that page."""
        given = request.path_params
        name = given["file"]
        page = await run_in_threadpool(
            self.desk.pictures.page, given["post"], given["account"], name
        )
        if page.suffix != ".html":
            return FileResponse(page, headers=_FOR_NOW)
        text = await run_in_threadpool(page.read_text, encoding="utf-8")
        still = _SCRIPTS.sub("", text).replace("</head>", f"{_STILL}</head>", 1)
        return HTMLResponse(still, headers=_framed(still))

    async def act(self, request: Request) -> Response:
        """Hold, release or retry a post."""
        post, action = request.path_params["post"], request.path_params["action"]
        return await self.frame.wish(lambda: self.desk.wishes.act(post, action))

    async def move(self, request: Request) -> Response:
        """Give a post another time."""
        post, said = request.path_params["post"], await receiving.form(request)
        where = said.get("where", "").replace("T", " ")
        account = said.get("account") or None
        return await self.frame.wish(lambda: self.desk.wishes.move(post, where, account))

    async def words(self, request: Request) -> Response:
        """Change what a post says."""
        post, said = request.path_params["post"], await receiving.form(request)
        return await self.frame.wish(
            lambda: self.desk.wishes.edit(post, said, said.get("account") or None)
        )

    async def count(self, request: Request) -> Response:
        """Say how each account counts the words that stand in the editor."""
        post, said = request.path_params["post"], await receiving.form(request)
        counted = await run_in_threadpool(
            self.desk.wishes.count, post, said, said.get("account") or None
        )
        return rendering.page("counts.html.j2", counted=counted)

    async def retract(self, request: Request) -> Response:
        """Take a post back."""
        post, said = request.path_params["post"], await receiving.form(request)
        account = said.get("account") or None
        return await self.frame.wish(lambda: self.desk.wishes.retract(post, account))

    async def recipe(self, request: Request) -> Response:
        """Have a post protected with another recipe."""
        post, said = request.path_params["post"], await receiving.form(request)
        recipe = said.get("recipe", "")
        return await self.frame.wish(lambda: self.desk.wishes.protect_with(post, recipe))

    async def pause(self, request: Request) -> Response:
        """Stop or resume posting."""
        said = await receiving.form(request)
        account, paused = said.get("account") or None, said.get("paused") == "yes"
        return await self.frame.wish(lambda: self.desk.wishes.pause(account, paused=paused))

    async def begin_drop(self, request: Request) -> Response:
        """Begin a drop and return its key."""
        return Response(await run_in_threadpool(self.desk.dropping.begin))

    async def drop_picture(self, request: Request) -> Response:
        """Take one picture of a drop, as it comes."""
        key, number = request.path_params["key"], request.path_params["number"]
        name = request.query_params.get("name", "")
        path = await run_in_threadpool(self.desk.dropping.place, key, number, name)
        await receiving.to_file(request, path)
        return Response(status_code=204)

    async def finish_drop(self, request: Request) -> Response:
        """Put a drop into the outbox."""
        key, said = request.path_params["key"], await receiving.form(request)
        return await self.frame.wish(lambda: self.desk.dropping.finish(key, said))

    async def _picture(self, find: Callable[..., Path], request: Request, *names: str) -> Response:
        """Send a picture. Where its address says no version it is another one once the post is
        protected, and browsers must not keep the original in its place."""
        path = await run_in_threadpool(find, *(request.path_params[name] for name in names))
        if not path.is_file():
            return Response(status_code=_NOT_THERE)
        return FileResponse(path, headers=_KEPT if "v" in request.query_params else _FOR_NOW)


def _number(request: Request, name: str) -> int | None:
    said = request.query_params.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 19 else None  # noqa: PLR2004  # a row's id


def _framed(page: str) -> dict[str, str]:
    """Return the headers of a page that ours shows in a frame: it brings its own style, and runs
    and sends nothing."""
    digests = (hashlib.sha256(text.encode()).digest() for text in _STYLES.findall(page))
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return {
        "Content-Security-Policy": guarding.policy(
            frame_ancestors="'self'",
            style_src=allowed,
            script_src="'none'",
            form_action="'none'",
            sandbox="allow-same-origin",
        ),
        "X-Frame-Options": "SAMEORIGIN",
    }


def _whose(client: Address, server: Address) -> Peer:
    return peers.whose(client, server, os.getuid())


async def _turned_away(scope: Scope, receive: Receive, send: Send) -> None:
    await rendering.page("turned_away.html.j2", guarding.Refusal.NOT_IN)(scope, receive, send)


async def _said(request: Request, exc: Exception) -> Response:
    """Say what cannot be done, where the page says such things, or as a page of its own."""
    if request.method == "POST":
        at = exc.at if isinstance(exc, BadFields) else {}
        told = Told(tuple(str(exc).splitlines()), done=False, at=at)
        status = _TOO_LARGE if isinstance(exc, receiving.TooLarge) else _BAD
        return rendering.page("told.html.j2", status, told=told)
    status = _NOT_THERE if isinstance(exc, Unusable) else _BAD
    return rendering.page("problem.html.j2", status, problem=str(exc))
