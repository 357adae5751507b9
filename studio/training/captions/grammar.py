"""Says a scene in one of many ways. What it says is true; it need not say everything."""

import random
from collections.abc import Sequence

from studio.training.captions import lexicon as lx
from studio.training.captions import templates as tp
from studio.training.scenes.kinds import Kind, SkyBody, Style, Terrain, Weather
from studio.training.scenes.rules import AFLOAT, AIRBORNE
from studio.training.scenes.scene import Scene, Subject

_WET = frozenset({Terrain.SEA, Terrain.LAKE, Terrain.ISLANDS, Terrain.CITY})
_ROUGH = frozenset({Weather.STORM, Weather.RAIN, Weather.SNOW})


def caption(scene: Scene, seed: int) -> str:
    """One caption of ``scene``, the same for the same seed; lower case or a sentence, 1 to about 45 words."""
    rng = random.Random(f"caption:{seed}:{scene.layout}")
    speaker = _Speaker(scene, rng)
    forms = (speaker.tags, speaker.phrase, speaker.phrase, speaker.sentence, speaker.land_first)
    return rng.choice(forms)()


def with_article(rng: random.Random, noun: str, *, single: bool, definite: float = 0.25) -> str:
    """Like "a lake", "an ocean", "the lake", or "mountains"; a phrase that brings its own article keeps it."""
    if noun.startswith("the "):
        return noun
    if rng.random() < definite:
        return f"the {noun}"
    if not single:
        return noun
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


class _Speaker:
    """One telling of one scene: first decides what to say, then how."""

    def __init__(self, scene: Scene, rng: random.Random) -> None:
        self.scene, self.rng = scene, rng
        self.subjects = [s for s in scene.subjects if rng.random() < 0.96]
        rng.shuffle(self.subjects)
        self.terrain = rng.random() < 0.93 or not self.subjects
        self.time = rng.random() < 0.85
        self.weather = rng.random() < (0.30 if scene.weather is Weather.CLEAR else 0.82)
        self.style = rng.random() < (0.40 if scene.style is Style.FLAT else 0.90)
        self.body = scene.sky_body is not SkyBody.NONE and rng.random() < 0.40

    # Forms ----------------------------------------------------------------------------------------

    def tags(self) -> str:
        """Like "red sailboat, sea, sunset, clouds, watercolour" in any order."""
        scene, rng = self.scene, self.rng
        parts = [self._thing(s, bare=rng.random() < 0.8) for s in self.subjects]
        if self.terrain:
            noun = self._land_noun()
            parts.append(noun.text.removeprefix("the "))
        if self.time:
            parts.append(rng.choice(lx.TIME_NOUNS[scene.time]))
        if self.weather:
            parts.append(rng.choice(lx.WEATHER_NOUNS[scene.weather]))
        if self.style:
            parts.append(rng.choice(lx.STYLE_TAGS[scene.style]))
        if self.body:
            parts.append(rng.choice(lx.BODY_NOUNS[scene.sky_body]))
        if rng.random() < 0.6:
            rng.shuffle(parts)
        return ", ".join(parts)

    def phrase(self) -> str:
        """Like "a watercolour of a red sailboat on a calm sea at sunset"."""
        words = [self._core(), *self._circumstances()]
        return self._styled(" ".join(words))

    def sentence(self) -> str:
        """Whole sentences, with a verb, and sometimes a second one for the weather."""
        scene, rng = self.scene, self.rng
        late: list[str] = []
        if self.weather and rng.random() < 0.5:
            late.append(rng.choice(lx.WEATHER_SENTENCES[scene.weather]))
            self.weather = False
        if self.body and rng.random() < 0.6:
            late.append(rng.choice(lx.BODY_SENTENCES[scene.sky_body]))
            self.body = False
        first = " ".join([self._clause(), *self._circumstances()])
        said = [first, *late]
        if self.style:
            if rng.random() < 0.5:
                said[0] = f"{said[0]}, {rng.choice(lx.STYLE_ADVERBS[scene.style])}"
            else:
                said.append(rng.choice(lx.STYLE_TAGS[scene.style]))
        if rng.random() < 0.5:
            return ". ".join(part[0].upper() + part[1:] for part in said) + "."
        return ", ".join(said)

    def land_first(self) -> str:
        """Like "snowy mountains at dawn with a red house", "misty pine forest", "sunset over the sea"."""
        rng = self.rng
        if self.terrain and self.time and rng.random() < 0.3:
            time = rng.choice(lx.TIME_NOUNS[self.scene.time])
            words = rng.choice(tp.TIME_OVER).format(time=time, land=self._land())
            self.time = False
        elif self.terrain:
            words = rng.choice(tp.LAND_OPENERS).format(land=self._land(adjective=True))
        else:
            return self.phrase()
        words = " ".join([words, *self._circumstances()])
        if self.subjects:
            words = rng.choice(tp.WITH_SUBJECT).format(rest=words, thing=self._things())
        return self._styled(words)

    # Parts ----------------------------------------------------------------------------------------

    def _core(self) -> str:
        """The subject where it is, or the land alone."""
        if not self.subjects:
            return self.rng.choice(tp.LAND_OPENERS).format(land=self._land(adjective=True))
        if not self.terrain:
            return self._things()
        return f"{self._things()} {self._where()}"

    def _clause(self) -> str:
        """The core with a verb."""
        rng = self.rng
        if len(self.subjects) == 1 and self.terrain and rng.random() < 0.6:
            subject = self.subjects[0]
            return f"{self._thing(subject)} {rng.choice(tp.VERBS[subject.kind])} {self._where()}"
        return rng.choice(tp.EXISTENCE).format(thing=self._core_plain())

    def _core_plain(self) -> str:
        if not self.subjects:
            return self._land(adjective=True)
        return f"{self._things()} {self._where()}" if self.terrain else self._things()

    def _things(self) -> str:
        bare = self.rng.random() < 0.12
        things = [self._thing(subject, bare=bare) for subject in self.subjects]
        if len(things) == 1:
            return things[0]
        return self.rng.choice(tp.PAIRS).format(first=things[0], second=things[1])

    def _thing(self, subject: Subject, *, bare: bool = False) -> str:
        """Like "a small red house on the left": colour and size before the noun, place after it."""
        rng = self.rng
        noun = rng.choice(lx.KIND_NOUNS[subject.kind])
        words: list[str] = []
        if rng.random() < 0.35:
            words.append(rng.choice(lx.SIZE_WORDS[subject.size]))
        if rng.random() < 0.92:
            words.append(rng.choice(lx.COLOR_WORDS[subject.color]))
        flock = subject.kind is Kind.BIRDS and noun.text == "birds" and rng.random() < 0.4
        text = " ".join([*words, noun.text])
        if flock:
            text = f"flock of {text}"
        if not bare:
            text = with_article(rng, text, single=noun.single or flock, definite=0.04)
        if rng.random() < 0.28:
            text = f"{text} {rng.choice(lx.PLACE_PHRASES[subject.place])}"
        return text

    def _where(self) -> str:
        """The preposition that suits how the first subject meets the land."""
        terrain = self.scene.terrain
        kind = self.subjects[0].kind
        patterns: Sequence[str] = tp.STANDING[terrain]
        if kind in AIRBORNE and all(s.kind in AIRBORNE for s in self.subjects):
            patterns = tp.FLYING
        elif len(self.subjects) > 1:
            patterns = tp.STANDING[terrain][:1]
        elif kind is Kind.BRIDGE:
            patterns = tp.SPANNING_WATER if terrain in (Terrain.SEA, Terrain.LAKE) else tp.SPANNING
        elif kind in AFLOAT and terrain in tp.FLOATING:
            patterns = tp.FLOATING[terrain]
        return self.rng.choice(patterns).format(land=self._land(adjective=self.rng.random() < 0.5))

    def _land_noun(self) -> lx.Noun:
        return self.rng.choice(lx.TERRAIN_NOUNS[self.scene.terrain])

    def _land(self, *, adjective: bool = False) -> str:
        """The terrain with its article, sometimes with the weather or calm water as its adjective."""
        rng, scene = self.rng, self.scene
        noun = self._land_noun()
        text = noun.text
        plain = not text.startswith("the ")
        if plain and adjective and self.weather and self._weather_suits(text) and rng.random() < 0.4:
            text = f"{rng.choice(lx.WEATHER_ADJECTIVES[scene.weather])} {text}"
            self.weather = False
        elif plain and text.endswith(("sea", "lake")) and scene.weather not in _ROUGH and rng.random() < 0.5:
            text = f"{rng.choice(lx.CALM_WORDS)} {text}"
        return with_article(rng, text, single=noun.single)

    def _weather_suits(self, noun: str) -> bool:
        """Whether the weather's adjective says the weather: "snowy mountains" are so in any weather."""
        if self.scene.weather is not Weather.SNOW:
            return True
        return self.scene.terrain not in (Terrain.MOUNTAINS, Terrain.SNOWFIELD) and "snow" not in noun

    def _circumstances(self) -> list[str]:
        """Time, weather and sky body as adverbials, in any order."""
        scene, rng = self.scene, self.rng
        parts: list[str] = []
        if self.time:
            parts.append(rng.choice(lx.TIME_ADVERBS[scene.time]))
        if self.weather:
            parts.append(rng.choice(lx.WEATHER_ADVERBS[scene.weather]))
        if self.body:
            wet = scene.terrain in _WET and rng.random() < 0.4
            parts.append(rng.choice((lx.REFLECTIONS if wet else lx.BODY_ADVERBS)[scene.sky_body]))
        self.time = self.weather = self.body = False
        if rng.random() < 0.4:
            rng.shuffle(parts)
        return parts

    def _styled(self, text: str) -> str:
        """Say the style before or after, if it is to be said."""
        if not self.style:
            return text
        rng, style = self.rng, self.scene.style
        choice = rng.random()
        if choice < 0.4:
            return f"{rng.choice(lx.STYLE_OPENERS[style])} {text}"
        if choice < 0.7:
            return f"{text}, {rng.choice(lx.STYLE_TAGS[style])}"
        return f"{text}, {rng.choice(lx.STYLE_ADVERBS[style])}"
