from lessup.masks.file_names import below_common, stems


def test_files_stay_in_the_folder_and_apart():
    assert stems(["a/0.png", "a/1.jpg", "a/1.png", "b"]) == ["a/0", "a/1.jpg", "a/1.png", "b"]
    assert stems(["../../etc/x.png", "/root/y.png"]) == ["etc/x", "root/y"]


def test_folders_that_hold_all_files_are_left_off():
    assert below_common(["images/0", "images/1"]) == ["0", "1"]
    assert below_common(["a/b/0", "a/b/c/1", "a/b/c/d/2"]) == ["0", "c/1", "c/d/2"]
    assert below_common(["0", "a/1"]) == ["0", "a/1"]
    assert below_common(["a/only"]) == ["only"]
    assert below_common([]) == []
