"""Whole applications of the user's: from what stands under `http:` or `python:` to the ModelSpec of their provider."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.files.config import models as config_models
from harness.files.config import variant_parts
from harness.files.config.site import At, Site
from harness.text import json_template
from harness.types.experiment import ModelSpec

_OWN = {"url", "price", "limits"}
"""Keys that have a field of their own in a ModelSpec."""


texts = json_template.texts
"""Each text of a request, with its place."""


def http(name: str, shape: variant_parts.Http, at: At, site: Site) -> ModelSpec:
    """A service that is asked over HTTP; a text of its request that is no template is noted at the site."""
    for place, text in texts(shape.request):
        site.check_template((*at, "request", *place), text)
    if shape.method == "GET" and not isinstance(shape.request, Mapping | None):
        site.fault(
            (*at, "request"), "by GET the request is the url's query, a mapping", "or write method: POST"
        )
    extra = {**shape.model_dump(exclude={*_OWN, "request"}, exclude_none=True), "request": shape.request}
    return replace(_spec(name, shape, extra, site.where(*at)), provider="http", base_url=shape.url)


def python(name: str, shape: variant_parts.Python, at: At, site: Site) -> ModelSpec:
    """A function that is called."""
    extra = shape.model_dump(exclude=_OWN)
    return replace(_spec(name, shape, extra, site.where(*at)), provider="python")


def _spec(
    name: str, shape: variant_parts.Http | variant_parts.Python, extra: Mapping[str, Any], where: str
) -> ModelSpec:
    return ModelSpec(
        name=name,
        provider="",
        model=name,
        extra=config_models.bare(extra),
        limits=config_models.limits(shape.limits),
        price=config_models.price(shape.price),
        where=where,
    )
