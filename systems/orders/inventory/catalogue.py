"""What is sold: articles with their prices, and what lies where when the books are opened.

An article whose stock was never touched has its opening stock, so nothing has to be stored first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from base.errors import Refusal

CURRENCY = "USD"
WAREHOUSES = ("berlin", "chicago", "osaka")


@dataclass(frozen=True)
class Article:
    """An article: its price in minor units and its weight in grams, of one piece each; ``opening``
    is how many pieces a warehouse starts with."""

    sku: str
    name: str
    price: int
    weight: int
    opening: Mapping[str, int] = field(default_factory=dict)


_ARTICLES = (
    Article("TEA-SENCHA-100", "Sencha, 100 g", 1290, 130, {"osaka": 900, "berlin": 300}),
    Article("TEAPOT-IRON", "Iron teapot, 0.8 l", 6900, 1850, {"osaka": 120, "berlin": 60}),
    Article("CUP-STONEWARE", "Stoneware cup", 1850, 320, {"berlin": 600, "chicago": 400}),
    Article("KETTLE-GOOSENECK", "Gooseneck kettle, 1 l", 8450, 1240, {"chicago": 250}),
    Article("SCALE-POCKET", "Pocket scale, 0.1 g", 2490, 180, {"berlin": 150, "chicago": 150}),
    Article("TIN-CHERRY", "Tea tin of cherry bark", 5200, 210, {"osaka": 40}),  # see packers
    Article("STOVE-CAST", "Cast-iron stove", 48900, 34000, {"chicago": 30}),  # no carrier takes it
    Article("BOWL-KINTSUGI", "Mended tea bowl", 19900, 410),  # sold out until one is received
)
ARTICLES: Mapping[str, Article] = {article.sku: article for article in _ARTICLES}


@dataclass(frozen=True)
class Line:
    """So many pieces of an article."""

    article: Article
    quantity: int


def article(sku: str) -> Article:
    """Return the article. Refuses ``unknown_sku``."""
    if sku not in ARTICLES:
        raise Refusal("unknown_sku", f"There is no article {sku}.")
    return ARTICLES[sku]


def lines(quantities: Mapping[str, int]) -> list[Line]:
    """Return a line for each sku. Refuses ``unknown_sku``."""
    return [Line(article(sku), quantity) for sku, quantity in quantities.items()]
