"""Error rates and power of the verdicts on classes, and coverage of the margins behind them.

Every simulated test goes through `verdicts.verdicts`. An image has an ease of its own that is the same under all masks;
`CORRELATION` is the share of it in what decides whether the image is recognised. Rates of a kind of control are drawn
from a beta distribution with a mean and a standard deviation (SD).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from frequency_shortcuts.evaluation.phase_verdicts import KEPT, REGIONS, phase_verdicts
from frequency_shortcuts.evaluation.verdicts import verdicts
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import FILLS

from .outcomes import Outcome
from .simulate_intervals import beta

TESTS = 1000  # of each setting
AT_ONCE = 100  # tests; all of their images are in memory
CORRELATION = 0.5
FPR = 0.05  # of every mask
NEGATIVES = 450  # at most
LOW = 0.05  # TPR of controls that recognise nothing
IMAGES = 50  # of a class, as in the default study
SPREADS = (0.02, 0.05, 0.1, 0.2)
MEANS = (0.2, 0.5, 0.8)
EFFECTS = (0.1, 0.2, 0.3, 0.4, 0.6)
STRONG, WEAK = "strong", "weak"


@dataclass(frozen=True)
class Rates:
    """The TPR of the masks of one kind: `draws` values with this mean and SD."""

    mean: float
    deviation: float = 0.0
    draws: int = 1

    def drawn(self, generator: np.random.Generator, tests: int, draws: int | None = None) -> FloatArray:
        shape = tests, draws or self.draws
        return generator.beta(*beta(self.mean, self.deviation), shape) if self.deviation else np.full(shape, self.mean)


@dataclass(frozen=True)
class Design:
    """A test: the map is one more mask of the kind `like`, with `effect` added to its TPR; or its TPR is `own`."""

    kinds: dict[str, Rates] = field(default_factory=dict)
    like: str = "random"
    effect: float = 0.0
    classes: int = 10
    images: int = IMAGES
    correlation: float = CORRELATION
    own: Rates | None = None
    part: str = "keep"


def low_controls(classes: int = 10) -> dict[str, Rates]:
    """The controls of the default study, if they recognise nothing."""
    return alike(LOW, 0, classes)


def alike(mean: float, deviation: float, classes: int = 10) -> dict[str, Rates]:
    """The controls of the default study, with the same rates for each kind; the lowest frequencies have one mask."""
    draws = {"random": 10, "radial": 5, "low_pass": 1, "other": min(classes - 1, 20)}
    return {kind: Rates(mean, 0 if kind == "low_pass" else deviation, number) for kind, number in draws.items()}


def hits(generator: np.random.Generator, rates: FloatArray, images: int, correlation: float) -> IntArray:
    """Recognised images [test, mask] under masks with these rates [test, mask]."""
    level = ndtri(rates).astype(np.float32)
    found = np.empty(rates.shape, np.int64)
    for some in np.array_split(np.arange(len(rates)), -(-len(rates) // AT_ONCE)):
        ease = generator.standard_normal((len(some), 1, images), np.float32) * np.float32(correlation**0.5)
        own = generator.standard_normal((len(some), rates.shape[1], images), np.float32)
        own *= np.float32((1 - correlation) ** 0.5)
        found[some] = (ease + own < level[some][..., None]).sum(axis=2)
    return found


def simulate(generator: np.random.Generator, design: Design, tests: int = TESTS) -> tuple[pd.DataFrame, FloatArray]:
    """Verdicts on so many tests, in the column `fill`, and the true TPR - FPR of their maps minus the controls' mean.

    The mean is that of all masks of the kind `like` that could be drawn, or that there are.
    """
    true, target = _true(generator, design, tests)
    (found,) = _judged(generator, design, true, 1)
    return found, true[:, 0] - target


def simulate_fills(generator: np.random.Generator, design: Design, tests: int = TESTS) -> list[pd.DataFrame]:
    """Verdicts under each fill; a mask has the same true rate under all, and an image the same ease."""
    return _judged(generator, design, _true(generator, design, tests)[0], len(FILLS))


def _true(generator: np.random.Generator, design: Design, tests: int) -> tuple[FloatArray, FloatArray]:
    """True TPR [test, mask] of the map and of the controls; the mean TPR [test] of the kind `like`."""
    rates = {kind: one.drawn(generator, tests) for kind, one in design.kinds.items()}
    target = np.full(tests, design.kinds[design.like].mean)
    if design.like == "other":
        every = design.kinds["other"].drawn(generator, tests, design.classes - 1)
        rates["other"], target = every[:, : design.kinds["other"].draws], every.mean(axis=1)
    own = (design.own or design.kinds[design.like]).drawn(generator, tests, 1) + design.effect
    return np.concatenate([own.clip(0.001, 0.999), *rates.values()], axis=1), target


def _judged(generator: np.random.Generator, design: Design, true: FloatArray, times: int) -> list[pd.DataFrame]:
    """Verdicts on tests with these true rates, each in the column `fill`; so many times, with images as easy."""
    masks = [("dfm", 0), *((kind, draw) for kind, one in design.kinds.items() for draw in range(one.draws))]
    negatives = min((design.classes - 1) * design.images, NEGATIVES)
    tests, shown = len(true), np.tile(true, times)
    tpr = hits(generator, shown, design.images, design.correlation) / design.images
    fpr = hits(generator, np.full(shown.shape, FPR), negatives, design.correlation) / negatives
    about = {"class": 0, "neutral": False, "part": design.part, "images": design.images, "negatives": negatives}
    tables = []
    for of_tpr, of_fpr in zip(np.split(tpr, times, axis=1), np.split(fpr, times, axis=1), strict=True):
        columns = [("unfiltered", 0, np.full(tests, 0.95), np.full(tests, 0.01))]
        columns += [(name, draw, of_tpr[:, k], of_fpr[:, k]) for k, (name, draw) in enumerate(masks)]
        table = pd.concat(
            [
                pd.DataFrame({"fill": np.arange(tests), "filter": name, "tpr": one_tpr, "fpr": one_fpr}).assign(
                    # Which of the other classes were drawn differs from test to test.
                    draw=(draw + np.arange(tests)) % (design.classes - 1) if name == "other" else draw
                )
                for name, draw, one_tpr, one_fpr in columns
            ]
        ).assign(**about, overlap=0.1, tpr_low=np.nan, tpr_high=np.nan)
        tables.append(verdicts(table).sort_values("fill"))
    return tables


def outcomes(generator: np.random.Generator) -> Iterator[Outcome]:
    """Coverage of margins; verdicts without and with an effect; the same for amplitudes and phases."""
    yield from _margins(generator)
    for what, setting, design in [*_without_effect(), *_with_effect()]:
        found = simulate(generator, design)[0]["verdict"]
        for verdict in (STRONG, WEAK):
            yield Outcome("verdicts", what, setting, verdict, float((found == verdict).mean()), TESTS)
    yield from _phases(generator)
    for what, setting, design in _removed():
        found = simulate(generator, design)[0]["verdict"]
        for verdict in (STRONG, WEAK):
            yield Outcome("removal", what, setting, verdict, float((found == verdict).mean()), TESTS)
    for what, setting, design in _robust():
        strong = np.array([found["verdict"] == STRONG for found in simulate_fills(generator, design)])
        yield Outcome("robust", what, setting, "strong under one fill", float(strong.mean()), TESTS)
        yield Outcome("robust", what, setting, "robust", float(strong.all(axis=0).mean()), TESTS)


def _margins(generator: np.random.Generator) -> Iterator[Outcome]:
    """One kind of control at a time, a map that is better by 0.3."""
    designs = [(f"random, 10 draws, SD {one:g}", {"random": Rates(0.3, one, 10)}, 10) for one in SPREADS]
    designs.append(("low_pass", {"low_pass": Rates(0.3)}, 10))
    for classes in (2, 3, 10, 100):
        designs.append((f"other, {classes} classes, SD 0.2", {"other": Rates(0.3, 0.2, min(classes - 1, 20))}, classes))
    for name, kinds, classes in designs:
        for correlation in (0.0, CORRELATION):
            like = next(iter(kinds))
            # The map's own rate is fixed: only its images are drawn.
            design = Design(kinds, like, 0.3, classes, correlation=correlation)
            found, true = simulate(generator, design)
            inside = (found["margin_low"] <= true) & (true <= found["margin_high"])
            setting = f"{name}, correlation {correlation:g}"
            yield Outcome("margins", like, setting, "coverage", float(inside.mean()), TESTS)


Case = tuple[str, str, Design]


def _without_effect() -> Iterator[Case]:
    """The map is one more of a kind of control; the other kinds recognise nothing, or all kinds are alike."""
    for mean in MEANS:
        for one in SPREADS:
            kinds = low_controls() | {"random": Rates(mean, one, 10)}
            yield "one more random mask", f"10 draws, TPR {mean:g}, SD {one:g}", Design(kinds)
    for draws in (5, 30, 100):
        kinds = low_controls() | {"random": Rates(0.5, 0.1, draws)}
        yield "one more random mask", f"{draws} draws, TPR 0.5, SD 0.1", Design(kinds)
    for one in SPREADS:
        yield "one more random mask, all kinds alike", f"TPR 0.5, SD {one:g}", Design(alike(0.5, one))
    for mean in MEANS:
        for images in (50, 100):
            kinds = low_controls() | {"low_pass": Rates(mean)}
            design = Design(kinds, "low_pass", images=images)
            yield "as good as low pass", f"{images} images, TPR {mean:g}", design
            independent = replace(design, correlation=0.0)
            yield "as good as low pass", f"{images} images, TPR {mean:g}, independent tests", independent
    for classes in (2, 3, 10, 100):
        for mean, one in ((0.3, 0.1), (0.3, 0.2), (0.3, 0.3), (0.6, 0.2)):
            kinds = low_controls(classes) | {"other": Rates(mean, one, min(classes - 1, 20))}
            setting = f"{classes} classes, TPR {mean:g}, SD {one:g}"
            yield "one more map of another class", setting, Design(kinds, "other", classes=classes)


def _with_effect() -> Iterator[Case]:
    """All kinds of control alike, TPR 0.3 and SD 0.1; the map has that mean and more."""
    for classes, images in ((2, 50), (3, 50), (10, 50), (10, 100)):
        for effect in EFFECTS:
            design = Design(alike(0.3, 0.1, classes), "low_pass", effect, classes, images)
            yield "effect", f"{classes} classes, {images} images, TPR 0.3 + {effect:g}", design


def _removed() -> Iterator[Case]:
    """Maps that are removed; the only controls are random masks of equal size."""
    for mean in MEANS:
        for one in SPREADS:
            yield (
                "one more random mask",
                f"TPR {mean:g}, SD {one:g}",
                Design({"random": Rates(mean, one, 10)}, part="remove"),
            )
    for effect in EFFECTS:
        yield (
            "effect",
            f"TPR 0.8 - {effect:g}",
            Design({"random": Rates(0.8, 0.1, 10)}, own=Rates(0.8 - effect), part="remove"),
        )


def _robust() -> Iterator[Case]:
    """Maps that are tested under all fills."""
    for mean in (0.5, 0.8):
        for one in (0.1, 0.2):
            kinds = low_controls() | {"random": Rates(mean, one, 10)}
            yield "one more random mask", f"10 draws, TPR {mean:g}, SD {one:g}", Design(kinds)
    for mean in (0.5, 0.8):
        kinds = low_controls() | {"low_pass": Rates(mean)}
        yield "as good as low pass", f"TPR {mean:g}", Design(kinds, "low_pass")
    for mean, one in ((0.3, 0.3), (0.6, 0.2)):
        kinds = low_controls() | {"other": Rates(mean, one, 9)}
        yield "one more map of another class", f"10 classes, TPR {mean:g}, SD {one:g}", Design(kinds, "other")
    for effect in EFFECTS:
        yield "effect", f"10 classes, TPR 0.3 + {effect:g}", Design(alike(0.3, 0.1), "low_pass", effect)


def _phases(generator: np.random.Generator) -> Iterator[Outcome]:
    """Shares of R in the amplitudes and in the phases; 4 classes; TPR 0.9 with both."""
    shares = ((1, 0), (1, 1), (0, 0), (0.75, 0.25), (0.25, 0.25), (0.5, 0), (0.5, 1), (0.5, 0.5))
    for (amplitude, phase), images in ((one, n) for one in shares for n in (50, 100)):
        found = _phase_verdicts(generator, amplitude, phase, images)
        setting = f"{images} images, amplitudes {amplitude:g} R, phases {phase:g} R"
        words = found["verdict"].dropna()
        for verdict in ("amplitude", "phase", "either", "both", "undecided"):
            yield Outcome("phases", "verdict", setting, verdict, float((words == verdict).mean()), len(words))
        for part, share in (("amplitude", amplitude), ("phase", phase)):
            true = (share - 0.5) * (0.9 - FPR)
            inside = (found[f"margin_{part}_low"] <= true) & (true <= found[f"margin_{part}_high"])
            yield Outcome("phases", f"margin of {part}", setting, "coverage", float(inside.mean()), TESTS)


def _phase_verdicts(generator: np.random.Generator, amplitude: float, phase: float, images: int) -> pd.DataFrame:
    reference, negatives = 0.9 - FPR, 3 * images
    true = np.tile([0.9, FPR + amplitude * reference, FPR + phase * reference], (TESTS, 1))
    tpr = hits(generator, true, images, CORRELATION) / images
    fpr = hits(generator, np.full((TESTS, 3), FPR), negatives, CORRELATION) / negatives
    rows: Sequence[pd.DataFrame] = [
        pd.DataFrame({"class": np.arange(TESTS), "region": region, "kept": kept, "tpr": tpr[:, k], "fpr": fpr[:, k]})
        for region in REGIONS
        for k, kept in enumerate(KEPT)
    ]
    about = {"positions": 51, "images": images, "negatives": negatives, "tpr_low": np.nan, "tpr_high": np.nan}
    return phase_verdicts(pd.concat(rows).assign(**about))
