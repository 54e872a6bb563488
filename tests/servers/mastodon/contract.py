"""Hold requests and answers against the published OpenAPI description of the API."""

import copy
import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.servers.mastodon.disagreements import DISAGREEMENTS, Disagreement, Schema
from tests.servers.mastodon.wire import Upload

DESCRIPTION = Path(__file__).with_name("openapi.json")
ROOT = "urn:mastodon"
FALSE_WORDS = {"0", "f", "false", "off", ""}  # all that Rails casts to false

FORMATS = FormatChecker(formats=())


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


FORMATS.checks("date-time", raises=ValueError)(_is_moment)
FORMATS.checks("date", raises=ValueError)(_is_date)
FORMATS.checks("uri", raises=ValueError)(_is_uri)


@dataclass
class Checked:
    """A request's parameters in the described types, and what the description says of them."""

    values: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


class Contract:
    """The description with its corrections."""

    def __init__(self, document: Schema, corrections: Iterable[Disagreement]) -> None:
        self.document = copy.deepcopy(document)
        for each in corrections:
            each.correct(self.document)
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(ROOT, resource)
        self._validators: dict[str, Draft202012Validator] = {}
        self._templates = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template) + r"\Z"), template)
            for template in sorted(self.document["paths"], key=lambda path: path.count("{"))
        ]

    def operation(self, method: str, path: str) -> Schema | None:
        """The description of one operation."""
        for pattern, template in self._templates:
            found: Schema | None = self.document["paths"][template].get(method.lower())
            if found is not None and pattern.match(path):
                return found
        return None

    def scopes(self, method: str, path: str) -> list[str] | None:
        """The scopes of which a token needs one; None where none is asked for."""
        operation = self.operation(method, path)
        needs = (operation or {}).get("security") or [{}]
        scopes: list[str] | None = needs[0].get("OAuth2")
        return scopes

    def check_query(self, operation: Schema, query: dict[str, Any]) -> Checked:
        """Hold an address's parameters against the description."""
        described = [each for each in operation.get("parameters") or [] if each["in"] == "query"]
        schema = {
            "type": "object",
            "properties": {each["name"]: each["schema"] for each in described},
            "required": [each["name"] for each in described if each.get("required")],
        }
        return self._check(schema, query)

    def check_body(self, operation: Schema, fields: dict[str, Any]) -> Checked:
        """Hold a body against the description; forms and JSON count alike, as they do in Rails."""
        body = operation.get("requestBody")
        if body is None:
            return Checked(values=fields, unknown=sorted(fields))
        return self._check(next(iter(body["content"].values()))["schema"], fields)

    def _check(self, schema: Schema, given: dict[str, Any]) -> Checked:
        described = self._properties(schema)
        given = {name: value for name, value in given.items() if value is not None}  # as Rails
        values = {name: cast(given[name], described.get(name, {})) for name in given}
        checked = Checked(values=values, unknown=sorted(set(given) - set(described)))
        plain = {name: _without_upload(value) for name, value in values.items()}
        for error in self._validator(schema).iter_errors(plain):
            words = f"{'.'.join(str(step) for step in error.path)} {error.message}".strip()
            lacks = error.validator in ("required", "anyOf", "oneOf") and not error.path
            (checked.missing if lacks else checked.wrong).append(words)
        checked.wrong += self._wrong_in_alternatives(schema, described, plain)
        return checked

    def _wrong_in_alternatives(
        self, schema: Schema, described: Schema, plain: dict[str, Any]
    ) -> list[str]:
        """Values of the wrong kind where the schema is one of several, of which none is named."""
        if not {"anyOf", "oneOf"} & schema.keys():
            return []
        return [
            f"{name} {error.message}"
            for name, value in plain.items()
            if name in described
            for error in self._validator(described[name]).iter_errors(value)
        ]

    def _properties(self, schema: Schema) -> Schema:
        """Every property that a schema or one of its alternatives names."""
        if "$ref" in schema and "properties" not in schema:
            schema = self._resolve(schema["$ref"])
        found: Schema = {}
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                found |= self._properties(part)
        own: Schema = schema.get("properties", {})
        return found | own

    def _resolve(self, reference: str) -> Schema:
        target: Any = self.document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        result: Schema = target
        return result

    def check_answer(self, operation: Schema, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; nothing where it is as described."""
        described = operation["responses"].get(str(status))
        if described is None:
            # 403 and 500 are left out nearly everywhere; an undescribed success is our fault.
            if status < 400:
                return [f"no answer {status} is described"]
            schema: Schema = {"$ref": "#/components/schemas/Error"}
        elif "content" not in described:
            return []
        else:
            schema = described["content"]["application/json"]["schema"]
        errors = self._validator(schema).iter_errors(body)
        return [f"{error.json_path} {error.message[:500]}" for error in errors]

    def _validator(self, schema: Schema) -> Draft202012Validator:
        """A validator whose references lead into the description; made once for each schema."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            rooted = json.loads(key.replace('"$ref": "#/', f'"$ref": "{ROOT}#/'))
            self._validators[key] = Draft202012Validator(
                rooted, registry=self._registry, format_checker=FORMATS
            )
        return self._validators[key]


def cast(value: Any, schema: Schema) -> Any:
    """A parameter in the described type, as Rails casts it; what cannot be cast stays."""
    kind = schema.get("type")
    if kind == "boolean" and isinstance(value, str | int):
        return str(value).lower() not in FALSE_WORDS
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "string" and isinstance(value, int):
        return str(value)
    if kind == "array" and isinstance(value, list):
        return [cast(item, schema.get("items", {})) for item in value]
    if kind == "object" and isinstance(value, dict):
        inner = schema.get("properties", {})
        return {name: cast(item, inner.get(name, {})) for name, item in value.items()}
    return value


def _without_upload(value: Any) -> Any:
    """A file counts as the string that the description calls it."""
    return value.filename if isinstance(value, Upload) else value


@functools.cache
def description() -> Schema:
    """The published description as it is."""
    document: Schema = json.loads(DESCRIPTION.read_text())
    return document


@functools.cache
def corrected_contract() -> Contract:
    """The description with every known disagreement settled."""
    return Contract(description(), DISAGREEMENTS)
