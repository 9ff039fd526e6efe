"""
A shop's capacity as a table and sentences for a terminal. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_HEAD = ("shoppers", "orders/s", "pages 50 %", "pages 95 %", "failed", "law says", "")
_BAR = 30


def summary(result: Mapping[str, Any]) -> str:
    """
    Return what is printed at the end: the steps, what limits the shop, what the room should be set to, and doubts.
    """
    return "\n".join(_lines(result))


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    if result["steps"]:
        yield from _steps(result)
        yield ""
        yield from _laws(result["laws"])
        yield _knee(result)
    if result["recovery"]:
        yield _recovery(result["recovery"])
    if result["recommended"]:
        yield ""
        yield "The room should have"
        for name, value in result["recommended"].items():
            yield f"  {name} = {value}"
            yield f"      {result['because'][name]}"
    if result["reasons"]:
        yield ""
        yield from result["reasons"]


def _steps(result: Mapping[str, Any]) -> Iterator[str]:
    best = max(step["orders_per_s"] for step in result["steps"]) or 1.0
    residuals = _told(result["laws"])
    rows = [_HEAD]
    for place, step in enumerate(result["steps"]):
        law = residuals[place] if place < len(residuals) and len(residuals) == len(result["steps"]) else None
        rows.append(
            (
                f"{step['shoppers']}",
                f"{step['orders_per_s']:.2f}",
                _ms(step["page_p50_ms"]),
                _ms(step["page_p95_ms"]),
                f"{step['error_ratio']:.1%}",
                "–" if law is None else f"{step['orders_per_s'] * (1 + law):.2f}",
                "█" * round(_BAR * step["orders_per_s"] / best),
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD) - 1)]
    for row in rows:
        yield "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()


def _told(laws: Mapping[str, Any]) -> list[float]:
    fits = sorted(laws.values(), key=lambda law: float(sum(part**2 for part in law["residuals"])))
    return list(fits[0]["residuals"]) if fits else []


def _laws(laws: Mapping[str, Any]) -> Iterator[str]:
    universal, pool = laws.get("universal"), laws.get("pool")
    if universal is not None:
        yield (
            f"Universal law: λ {universal['alone_per_s']:.2f}/s, σ {universal['contention']:.4f}, "
            f"κ {universal['coherency']:.6f}{_at(universal)}; {_quality(universal)}"
        )
    if pool is not None:
        ceiling = f", never above {pool['ceiling_per_s']:.2f}/s" if "ceiling_per_s" in pool else ", no ceiling seen"
        yield f"Pool law: {pool['alone_per_s']:.2f}/s each{ceiling}{_at(pool)}; {_quality(pool)}"


def _at(law: Mapping[str, Any]) -> str:
    return "" if law["knee_at"] is None else f", knee at {law['knee_at']:.1f} shoppers"


def _quality(law: Mapping[str, Any]) -> str:
    judgement = "a good fit" if law["good"] else "a bad fit, not to be relied on"
    return f"R² {law['r_squared']:.3f}, misses a step by {law['worst_residual']:.0%} at most: {judgement}."


def _knee(result: Mapping[str, Any]) -> str:
    knee, objective = result["knee"], result["objective"]
    kept = f"pages within {objective['page_p95_ms']:.0f} ms (95 %) and at most {objective['error_ratio']:.0%} failed"
    if knee["orders_per_s"] <= 0:
        return f"Sold nothing with {kept}."
    broken = knee["broken_from"]
    held = f"which broke at {broken}" if broken else f"which held up to {knee['kept_up_to']}"
    model = result["model_per_s"]
    truth = f" By arithmetic this demo shop can sell {model:.2f}." if model else ""
    return (
        f"Sells {knee['orders_per_s']:.2f} orders/s, reached by {knee['shoppers']} shoppers who do not think, with "
        f"{kept}, {held}.{truth}"
    )


def _recovery(recovery: Mapping[str, Any]) -> str:
    after = recovery["after_s"]
    begin = (
        f"With {recovery['offered_per_s']:.0f} a second for a few seconds, pages took {_ms(recovery['worst_p95_ms'])} "
        f"(95 %) and {recovery['failed']} requests failed"
    )
    if after is None:
        return f"{begin}; it was not well again within the time."
    return f"{begin}; it was well again {f'{after} s after it' if after else 'at once after it'}."


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"
