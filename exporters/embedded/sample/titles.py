"""Titles of episodes: ordinary ones, and those that break careless software."""

from random import Random

ADJECTIVES = (
    "Brittle", "Patient", "Borrowed", "Crooked", "Distributed", "Eventual", "Feral", "Gentle",
    "Hollow", "Idempotent", "Late", "Mossy", "Nested", "Ordinary", "Portable", "Quiet", "Rusty",
    "Shared", "Tidal", "Unfinished",
)  # fmt: skip
NOUNS = (
    "Bridges", "Caches", "Deadlines", "Elevators", "Fences", "Gardens", "Harbours", "Indexes",
    "Junctions", "Keyboards", "Ladders", "Manuals", "Notebooks", "Orchards", "Pipelines", "Queues",
    "Rivers", "Schedulers", "Telephones", "Windmills",
)  # fmt: skip
SHAPES = (
    "{a} {n}",
    "The {a} Life of {n}",
    "{n} All the Way Down",
    "Why We Gave Up on {n}",
    "{n} & Other {a} Things",
    "How to Read {n}: Part {k}",
    "{a} by Default",
    "In Praise of {a} {n}",
    "What {n} Taught Us",
    "{n}, {k} Years Later",
)

# The kinds of things that people type into a title field: quotes, backslashes, emoji made of
# several code points, markup, other scripts and directions, odd spaces, a lone sign, all that fits.
AWKWARD = (
    'The "Works on My Machine" Episode',
    "It's Someone's Turn, Isn't It?",
    r"C:\new\table\names",
    "👩‍🚀 Landing on Fridays 🚀🔥",
    'Say "when" \\ or don\'t',
    "<b>Bold</b> &amp; Escaped",
    "Ünïcödé, naïveté & señores",
    "こんにちは, Parsers",
    "مرحبا بالمستمعين",
    "  Spaces at Both Ends  ",
    "{curly} %s $1 ${HOME}",
    "…",
    "Semi;colons, commas,\tand a tab",
    "Very, " + "very " * 48 + "long ones",
)
# Every so many episodes of a show carries an awkward title.
AWKWARD_EVERY = 23


def title_of(number: int, rng: Random) -> str:
    """Return the title of a show's `number`-th episode; awkward ones come round by number."""
    if number % AWKWARD_EVERY == 0:
        return AWKWARD[number // AWKWARD_EVERY % len(AWKWARD)]
    shape = rng.choice(SHAPES)
    return shape.format(a=rng.choice(ADJECTIVES), n=rng.choice(NOUNS), k=rng.randint(2, 9))
