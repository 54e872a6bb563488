"""The pages of recipes: one thin function for each address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from postguard.errors import BadFields, ConfigError, PostguardError
from postguard.language import _
from postguard.model import Json
from postguard.web import receiving, recipe_form, rendering
from postguard.web.frame import Frame
from postguard.web.recipe_desk import Kept, Shown, Side
from postguard.web.recipe_page import measures, recipe_page
from postguard.web.recipe_parts import PARTS

_FOR_NOW = {"Cache-Control": "private, max-age=600"}


@dataclass(frozen=True, slots=True)
class RecipePages:
    """The addresses of recipes."""

    frame: Frame

    async def all(self, request: Request) -> Response:
        """Show the recipes."""
        found = self.frame.desk.surroundings.recipes
        return await run_in_threadpool(
            lambda: self.frame.page("recipes", recipes=[recipe_page(r) for r in found()])
        )

    async def one(self, request: Request) -> Response:
        """Show one recipe as a form."""
        name, recipes = request.query_params.get("name", ""), self.frame.desk.recipes

        def made() -> HTMLResponse:
            stands = recipes.stands(name)
            return self.frame.page(
                "recipe",
                recipe=name,
                seen=stands.seen,
                parts=recipe_form.form(stands.steps),
                sitters=recipes.sitters(),
            )

        return await run_in_threadpool(made)

    async def check(self, request: Request) -> Response:
        """Say what the recipe in the form would protect, or what is wrong with it."""
        said, recipes = await receiving.form(request), self.frame.desk.recipes

        def made() -> HTMLResponse:
            name, steps = said.get("recipe", ""), list[dict[str, Json]]()
            try:
                steps = self._steps(said)
                layers = recipes.layers(name, steps)
            except PostguardError as exc:
                faults = recipe_form.faults(str(exc), name, steps)
                return rendering.page("recipe_checked.html.j2", faults=faults)
            found = rendering.page(
                "recipe_checked.html.j2",
                faults=(),
                measures=measures(layers),
                advice=layers.advice(),
            )
            found.headers["HX-Trigger"] = "recipe"  # it can be drawn
            return found

        return await run_in_threadpool(made)

    async def show(self, request: Request) -> Response:
        """Draw a picture with the recipe in the form; nothing where a newer wish has come."""
        said, recipes = await receiving.form(request), self.frame.desk.recipes

        def made() -> Shown | None:
            name, sitter = said.get("recipe", ""), said.get("sitter", "")
            return recipes.show(name, self._steps(said), sitter)

        try:
            shown = await run_in_threadpool(made)
        except PostguardError as exc:
            return rendering.page("recipe_shown.html.j2", problem=str(exc))
        if shown is None:
            return Response(status_code=204)
        left_out = [_(PARTS[name].title) for name in shown.left_out]
        return rendering.page(
            "recipe_shown.html.j2",
            problem="",
            shown=shown,
            left_out=left_out,
            cloaked="cloak" in shown.left_out,
        )

    async def keep(self, request: Request) -> Response:
        """Write the recipe in the form into the config."""
        said, recipes = await receiving.form(request), self.frame.desk.recipes

        def made() -> Kept:
            name, steps = said.get("recipe", ""), self._steps(said)
            try:
                return recipes.keep(name, steps, said.get("seen", ""))
            except ConfigError as exc:
                faults = recipe_form.faults(str(exc), name, steps)
                words = "\n".join(fault.whole for fault in faults)
                raise BadFields(words, ((f.field, f.words) for f in faults)) from exc

        kept = await run_in_threadpool(made)
        return rendering.page("recipe_kept.html.j2", told=kept.told, seen=kept.seen)

    async def picture(self, request: Request) -> Response:
        """Send one of the two pictures of a trial."""
        key, side = request.path_params["key"], cast("Side", request.path_params["side"])
        path = await run_in_threadpool(self.frame.desk.recipes.picture, key, side)
        return FileResponse(path, headers=_FOR_NOW)

    def _steps(self, said: Mapping[str, str]) -> list[dict[str, Json]]:
        old = self.frame.desk.recipes.stands(said.get("recipe", "")).steps
        return recipe_form.steps_of(said, old)
