"""What the made-up people of `flask demo` say to one another: sense, and nothing twice."""

import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from app.cli.demo.voices import ANSWERING, ASKING, ENDINGS, OPENINGS, REACTIONS, THANKS, TOPICS
from app.models.posts.post import MAX_BODY

# Texts that are remembered, so that none of them comes again, and attempts at another one.
MAX_REMEMBERED = 100_000
MAX_ATTEMPTS = 50

Person = tuple[int, str]


class Draft(NamedTuple):
    """A post that nobody has written yet."""

    author: int
    body: str
    # Which post of the same conversation it answers, by its place there; None begins one.
    answers: int | None = None


class Talk:
    """The conversations of people, who are ids and nicknames; each has one topic."""

    def __init__(self, people: list[Person], rng: random.Random):
        self.people, self.rng = people, rng
        self.topics = {user_id: TOPICS[n % len(TOPICS)] for n, (user_id, _) in enumerate(people)}
        self.seen: set[str] = set()
        # What is left to say of a topic before it comes again in other words.
        self.reports: dict[str, list[tuple[str, str]]] = {}
        self.questions: dict[str, list[tuple[str, str]]] = {}

    def __iter__(self) -> Iterator[list[Draft]]:
        """Yield conversations without end; all people begin one before anybody begins another."""
        while True:
            for author in self.rng.sample(self.people, len(self.people)):
                others = [other for other in self._some(3) if other != author]
                kind = self.rng.random()
                if kind < 0.15 and others:
                    yield self._question(author, others[0])
                elif kind < 0.5 and others:
                    yield self._reacted(author, others)
                else:
                    yield [self._report(author)]

    def _some(self, count: int) -> list[Person]:
        return self.rng.sample(self.people, min(count, len(self.people)))

    def _report(self, author: Person) -> Draft:
        topic = self.topics[author[0]]
        deck = self.reports.setdefault(topic.tag, [])
        if not deck:
            deck += self.rng.sample(pairs := list(product(topic.things, topic.told)), len(pairs))
        thing, told = deck.pop()

        def text() -> str:
            link = f" https://example.com/{topic.tag}/{self.rng.randrange(1, 9999)}"
            begins, ends = self.rng.choice(OPENINGS), self.rng.choice(ENDINGS)
            return f"{begins}{thing} {told}.{ends}{self._rarely(f' #{topic.tag}', 0.3)}" + (
                self._rarely(link, 0.05)
            )

        return Draft(author[0], self._new(text))

    def _reacted(self, author: Person, others: list[Person]) -> list[Draft]:
        drafts = [self._report(author)]
        for other in others[: self.rng.choice((1, 1, 2))]:
            for said, replied in self.rng.sample(REACTIONS, len(REACTIONS)):
                said, replied = f"@{author[1]} {said}", f"@{other[1]} {replied}"
                if not {said, replied} & self.seen:
                    self.seen |= {said, replied}
                    drafts.append(Draft(other[0], said, 0))
                    drafts.append(Draft(author[0], replied, len(drafts) - 1))
                    break
        return drafts

    def _question(self, author: Person, other: Person) -> list[Draft]:
        topic = self.topics[author[0]]
        deck = self.questions.setdefault(topic.tag, [])
        if not deck:
            pairs = list(zip(topic.questions, topic.answers, strict=True))
            deck += self.rng.sample(pairs, len(pairs))
        asked, answered = deck.pop()
        tag = f" #{topic.tag}"
        choose = self.rng.choice
        return [
            Draft(author[0], self._new(lambda: choose(ASKING) + asked + self._rarely(tag, 0.3))),
            Draft(other[0], self._new(lambda: f"@{author[1]} {choose(ANSWERING)}{answered}"), 0),
            Draft(author[0], self._new(lambda: f"@{other[1]} {choose(THANKS)}"), 1),
        ]

    def _rarely(self, text: str, share: float) -> str:
        return text if self.rng.random() < share else ""

    def _new(self, make: Callable[[], str]) -> str:
        """Return a text of `make` that fits into a post, if possible one that nobody has said."""
        for _ in range(MAX_ATTEMPTS):
            text = make()
            if text not in self.seen and len(text) <= MAX_BODY:
                break
        if len(self.seen) > MAX_REMEMBERED:
            self.seen.clear()
        self.seen.add(text)
        return text
