"""Where the OpenAPI description is wrong: a real server's recordings win, one entry each.

A test takes each entry away in turn and checks that something recorded then fails, so none
outlives its reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Disagreement:
    """One correction to the description, and the reason for it."""

    name: str
    why: str
    correct: Callable[[Schema], None]


def schemas(document: Schema) -> Schema:
    """The named schemas."""
    named: Schema = document["components"]["schemas"]
    return named


def body_schema(document: Schema, path: str, method: str) -> Schema:
    """The schema of an operation's body, whatever its content type."""
    content = document["paths"][path][method]["requestBody"]["content"]
    schema: Schema = next(iter(content.values()))["schema"]
    return schema


def _posted_status_may_have_text_and_media(document: Schema) -> None:
    schema = body_schema(document, "/api/v1/statuses", "post")
    schema["anyOf"] = schema.pop("oneOf")


def _posted_status_may_be_a_spoiler_alone(document: Schema) -> None:
    schema = body_schema(document, "/api/v1/statuses", "post")
    alternatives = schema.get("anyOf") or schema["oneOf"]
    alternatives.append({"type": "object", "required": ["spoiler_text"]})


def _deleted_status_has_text(document: Schema) -> None:
    status = schemas(document)["Status"]
    status["required"].remove("content")
    status["anyOf"] = [{"required": ["content"]}, {"required": ["text"]}]


def _quote_is_one_of_its_kinds(document: Schema) -> None:
    quote = schemas(document)["Status"]["properties"]["quote"]
    quote["anyOf"] = quote.pop("oneOf")


def _scheduled_params_may_be_unset(document: Schema) -> None:
    schema = schemas(document)["ScheduledStatus"]["properties"]["params"]["properties"]
    schema["visibility"] = {"enum": ["public", "unlisted", "private", "direct", None]}


def _media_attributes_are_objects(document: Schema) -> None:
    properties = body_schema(document, "/api/v1/statuses/{id}", "put")["properties"]
    del properties["media_attributes[]"]
    properties["media_attributes"] = {"type": "array", "items": {"type": "object"}}


def _redirect_uris_may_be_a_string(document: Schema) -> None:
    properties = body_schema(document, "/api/v1/apps", "post")["properties"]
    properties["redirect_uris"]["type"] = ["array", "string"]


def _token_grants_differ(document: Schema) -> None:
    schema = body_schema(document, "/oauth/token", "post")
    schema["required"] = ["grant_type"]


def _revoke_may_use_basic(document: Schema) -> None:
    schema = body_schema(document, "/oauth/revoke", "post")
    schema["required"] = ["token"]


def _details_are_optional(document: Schema) -> None:
    schemas(document)["ValidationError"]["required"].remove("details")


def _consent_may_be_refused_by_redirect(document: Schema) -> None:
    document["paths"]["/oauth/authorize"]["get"]["responses"]["302"] = {"description": "back"}


DISAGREEMENTS = (
    Disagreement(
        "status with text and media",
        "TextStatus and MediaStatus both fit a status with text and pictures, so oneOf refuses "
        "what every client sends.",
        _posted_status_may_have_text_and_media,
    ),
    Disagreement(
        "status of a spoiler alone",
        "Mastodon fills a blank text when there is a spoiler_text (PostStatusService), where "
        "the description wants status, media_ids or a poll.",
        _posted_status_may_be_a_spoiler_alone,
    ),
    Disagreement(
        "deleted status",
        "DELETE answers with the plain `text` in place of `content` (all recordings of "
        "test_status_post end so), and a status quoted in it does too.",
        _deleted_status_has_text,
    ),
    Disagreement(
        "quote",
        "Quote and ShallowQuote both fit what test_status_post_with_quote recorded, since only "
        "`state` is required of either.",
        _quote_is_one_of_its_kinds,
    ),
    Disagreement(
        "scheduled visibility",
        "test_scheduled_status recorded null for the visibility that was not asked for.",
        _scheduled_params_may_be_unset,
    ),
    Disagreement(
        "media_attributes",
        "Rails reads `media_attributes[][id]` as a list of objects under `media_attributes`.",
        _media_attributes_are_objects,
    ),
    Disagreement(
        "redirect_uris",
        "Apps may give one string, with a line for each address: Mastodon.py and most others do.",
        _redirect_uris_may_be_a_string,
    ),
    Disagreement(
        "token grants",
        "client_credentials has no code, and the client may sign in by HTTP Basic: "
        "test_log_in_none recorded both as supported.",
        _token_grants_differ,
    ),
    Disagreement(
        "revoke by basic",
        "The client may sign in by HTTP Basic here as well.",
        _revoke_may_use_basic,
    ),
    Disagreement(
        "details of a 422",
        "The description wants `details` of every 422 of many calls; Mastodon sends them for "
        "profiles alone (test_account_update_credentials_too_many_fields), where it wants none.",
        _details_are_optional,
    ),
    Disagreement(
        "refusal by redirect",
        "A scope that the app may not ask for sends the browser back with the error, as RFC 6749 "
        "4.1.2.1 and Doorkeeper have it.",
        _consent_may_be_refused_by_redirect,
    ),
)
