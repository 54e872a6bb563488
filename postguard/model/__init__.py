"""The words of the domain as frozen values: Artwork, Post, Rendition, Delivery, Attempt, Receipt.

No I/O and no clock. Times are timezone-aware UTC datetimes. `Recipe` lives in `settings`.
"""

from postguard.model.json import Json
from postguard.model.outside import (
    Change,
    Draft,
    Finding,
    Level,
    Shown,
    Sighting,
)
from postguard.model.posts import (
    Artwork,
    Attempt,
    Copy,
    Delivery,
    DeliveryState,
    Inspection,
    Late,
    NewArtwork,
    NewDelivery,
    NewPost,
    Place,
    Post,
    PostState,
    Receipt,
    only_drawn,
)
from postguard.model.protection import (
    Artist,
    ArtworkOrder,
    CloakKit,
    Elsewhere,
    Limits,
    Progress,
    ProtectOrder,
    Rendition,
)
from postguard.model.words import (
    Edit,
    Quotes,
    Replies,
    Visibility,
    Words,
    body,
)

__all__ = [
    "Artist",
    "Artwork",
    "ArtworkOrder",
    "Attempt",
    "Change",
    "CloakKit",
    "Copy",
    "Delivery",
    "DeliveryState",
    "Draft",
    "Edit",
    "Elsewhere",
    "Finding",
    "Inspection",
    "Json",
    "Late",
    "Level",
    "Limits",
    "NewArtwork",
    "NewDelivery",
    "NewPost",
    "Place",
    "Post",
    "PostState",
    "Progress",
    "ProtectOrder",
    "Quotes",
    "Receipt",
    "Rendition",
    "Replies",
    "Shown",
    "Sighting",
    "Visibility",
    "Words",
    "body",
    "only_drawn",
]
