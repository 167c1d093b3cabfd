import numpy as np

from lessup.metrics.word_analogies import directions, fourth_words


def test_the_answer_is_the_nearest_of_the_others_by_loops():
    rng = np.random.default_rng(0)
    vectors, questions = (
        rng.normal(size=(40, 5)).astype(np.float32),
        np.array([rng.permutation(40)[:3] for _ in range(300)]),
    )
    found = fourth_words(vectors, questions)
    for (a, b, c), answer in zip(questions.tolist(), found.tolist(), strict=True):
        unit = [vector / np.sqrt((vector.astype(float) ** 2).sum()) for vector in vectors]
        wanted = unit[b] - unit[a] + unit[c]
        scores = {word: float(wanted @ own) for word, own in enumerate(unit) if word not in (a, b, c)}
        assert answer == max(scores, key=scores.get)


def test_a_vector_of_0_stays():
    assert directions(np.array([[0, 0], [3, 4]], np.float32)).tolist() == [[0, 0], [np.float32(0.6), np.float32(0.8)]]
