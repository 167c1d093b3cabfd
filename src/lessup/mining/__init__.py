"""From videos to pairs of patches that show the same thing: motion, windows, tracks, and the process that mines a file.

Nothing here imports torch, for a process is started for every video.
"""
