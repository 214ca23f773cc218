"""Multiplication of a k-digit by a k'-digit number, with the working in the format of the ICoT papers' data.

A line of that format is `{input}||{chain} #### {answer}` (arXiv 2405.14838). All numbers are written digit by digit with
spaces, the lowest digit first: 361 * 25 is `1 6 3 * 5 2`. The chain holds one shifted partial product per digit of the
second number, from the third on with the running sum before it in brackets; the answer has k + k' digits, so it may end
with zeros that a number would not begin with.
"""

import random
import zlib
from dataclasses import dataclass

HELD_OUT_SHARE = 20  # one pair in so many is held out


@dataclass(frozen=True)
class Product:
    """One problem; `digits` are those of the two numbers."""

    first: int
    second: int
    digits: tuple[int, int]

    @property
    def typed(self) -> str:
        """As a person writes it: `361*25`."""
        return f"{self.first}*{self.second}"

    @property
    def question(self) -> str:
        """As the model reads it: `1 6 3 * 5 2`."""
        return f"{_spaced(self.first, self.digits[0])} * {_spaced(self.second, self.digits[1])}"

    @property
    def chain(self) -> str:
        """The working: `5 0 8 1 + 0 2 2 7 0`, and from the third partial product on `... ( running sum ) + ...`."""
        text, total = "", 0
        for place, digit in enumerate(_reversed(self.second, self.digits[1])):
            partial = self.first * int(digit) * 10 ** place
            width = self.digits[0] + 1 + place
            if place > 1:
                text += f" ( {_spaced(total, width - 1)} )"
            text += f" + {_spaced(partial, width)}" if place else _spaced(partial, width)
            total += partial
        return text

    @property
    def answer(self) -> str:
        """The product with k + k' digits: `5 2 0 9 0`."""
        return _spaced(self.first * self.second, sum(self.digits))

    @property
    def held_out(self) -> bool:
        """True for the pairs that training never sees."""
        return zlib.crc32(self.typed.encode()) % HELD_OUT_SHARE == 0


def draw(rng: random.Random, digits: tuple[int, int], held_out: bool) -> Product:
    """A random pair without leading zeros, from the held-out ones or from the others."""
    low = [10 ** (n - 1) if n > 1 else 0 for n in digits]
    while True:
        product = Product(*(rng.randrange(start, 10 ** n) for start, n in zip(low, digits)), digits)
        if product.held_out == held_out:
            return product


def evaluation_set(size: int, digits: tuple[int, int], seed: int = 0) -> list[Product]:
    """Different held-out problems, all there are where `size` is larger; the same seed gives the same list."""
    rng = random.Random(f"evaluation/{digits}/{seed}")
    if max(digits) <= 2:  # few enough to list
        ranges = [range(10 ** (n - 1) if n > 1 else 0, 10 ** n) for n in digits]
        pairs = [Product(a, b, digits) for a in ranges[0] for b in ranges[1]]
        found = [product for product in pairs if product.held_out]
        return rng.sample(found, min(size, len(found)))
    chosen: dict[str, Product] = {}
    while len(chosen) < size:
        product = draw(rng, digits, held_out=True)
        chosen.setdefault(product.typed, product)
    return [*chosen.values()]


def number(answer: str) -> int | None:
    """The number an answer stands for: `#### 5 2 0 9 0` is 9025; None where it is not one."""
    digits = answer.strip().removeprefix("####").replace(",", "").replace(" ", "")
    return int(digits[::-1]) if digits.isascii() and digits.isdigit() else None


def _reversed(value: int, width: int) -> str:
    return str(value).zfill(width)[::-1]


def _spaced(value: int, width: int) -> str:
    return " ".join(_reversed(value, width))
