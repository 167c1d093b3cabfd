from lessup.masks.file_names import stems


def test_files_stay_in_the_folder_and_apart():
    assert stems(["a/0.png", "a/1.jpg", "a/1.png", "b"]) == ["a/0", "a/1.jpg", "a/1.png", "b"]
    assert stems(["../../etc/x.png", "/root/y.png"]) == ["etc/x", "root/y"]
