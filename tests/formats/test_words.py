from lessup.formats.words import words


def test_marks_part_words_and_accents_do_not() -> None:
    assert words("Déjà vu -- 2 T-shirts, isn't it?") == ["déjà", "vu", "2", "t", "shirts", "isn", "t", "it"]
    assert words(" ?! ") == []
