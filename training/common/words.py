"""The words the stories are made of: people, things, and invented ones."""

import random

MEN = (
    "Adam Alan Ben Carl Daniel David Eric Felix Frank George Henry Hugo Ian Ivan Jack James Jonas Kevin Leo Liam Lucas "
    "Mark Martin Max Mike Noah Oliver Omar Oscar Paul Peter Ravi Robert Sam Simon Thomas Tim Tom Victor William"
).split()

WOMEN = (
    "Alice Amy Anna Bella Carla Clara Diana Ella Emily Emma Eva Fatima Grace Hannah Helen Ida Irene Jane Julia Kate Laura "
    "Lena Lily Lisa Lucy Maria Mary Mia Nina Nora Olivia Paula Rosa Ruth Sara Sofia Stella Susan Vera Zoe"
).split()

# (one, many)
THINGS = [tuple(pair.split("/")) for pair in (
    "apple/apples badge/badges ball/balls balloon/balloons banana/bananas bead/beads book/books bottle/bottles "
    "box/boxes brick/bricks button/buttons candle/candles card/cards carrot/carrots cherry/cherries coin/coins "
    "cookie/cookies crayon/crayons cup/cups egg/eggs feather/feathers flower/flowers grape/grapes key/keys "
    "lemon/lemons map/maps marble/marbles medal/medals muffin/muffins mushroom/mushrooms nut/nuts orange/oranges "
    "peach/peaches pearl/pearls pear/pears pebble/pebbles pen/pens pencil/pencils plant/plants postcard/postcards "
    "ribbon/ribbons rock/rocks seed/seeds shell/shells spoon/spoons stamp/stamps star/stars sticker/stickers "
    "ticket/tickets tile/tiles tomato/tomatoes toy/toys"
).split()]

_ONSETS = "b br c ch cl d dr f fl g gr h j k kl l m n p pl pr qu r s sh st t th tr v w y z".split()
_VOWELS = "a e i o u ai ea ee oo ou".split()
_CODAS = "b ck d g l ll m n nd p r rt s sk t x".split() + [""] * 12


def invented_word(rng: random.Random) -> str:
    """A lower-case word of one to three syllables that is most likely in no list: teaches the model to copy."""
    return "".join(
        rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((1, 2, 2, 3))))
