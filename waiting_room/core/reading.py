"""
What every reader of values that people gave must know of texts and numbers.
"""


def can_be_sent(text: str) -> bool:
    """
    Tell whether *text* can be encoded: JSON can name half of a pair of surrogates, and no answer can hold it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(value: float) -> str:
    """
    Return a number as a fault shows it, in 40 characters at the most; a whole one may be beyond what a float holds.
    """
    return f"{value!r:.40}" if isinstance(value, int) else f"{value:g}"
