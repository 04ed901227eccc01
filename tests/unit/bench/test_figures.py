from bench.figures import Figure, highest, median, number, ratio, spread

SAMPLES = [
    {"wall_s": 3.0, "sessions": {"a": 2, "b": 1}},
    {"wall_s": 1.0, "sessions": {"a": 1, "b": 4}},
    {"wall_s": 2.0, "sessions": {}},
]


def test_a_median_is_of_all_samples_and_nothing_is_not_zero() -> None:
    assert median(SAMPLES) == 2.0
    assert median([]) is None
    assert spread(SAMPLES) == "2 (1–3)"
    assert highest(SAMPLES) == 4
    assert highest([]) is None


def test_a_ratio_needs_both_sides() -> None:
    assert ratio(6, 3) == 2
    assert ratio(None, 3) is None
    assert ratio(6, None) is None
    assert ratio(6, 0) is None


def test_a_bar_is_met_missed_or_not_measured() -> None:
    assert (Figure("f", 1.5, 1.5).verdict, Figure("f", 1.51, 1.5).verdict) == ("met", "missed")
    assert (Figure("f", 10, 10, "at least").verdict, Figure("f", 9.9, 10, "at least").verdict) == ("met", "missed")
    unknown = Figure("f", None, 1)
    assert (unknown.verdict, unknown.text) == ("–", "not measured")
    assert (Figure("f", 2).verdict, Figure("f", 2).bar) == ("–", "none set")


def test_numbers_have_three_figures_that_count() -> None:
    assert [number(value) for value in (0, 0.01234, 1.234, 12.34, 123.4, 1234)] == [
        "0",
        "0.0123",
        "1.23",
        "12.3",
        "123",
        "1234",
    ]
