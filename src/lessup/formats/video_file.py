"""Video files of any container and codec that FFmpeg reads, decoded packet by packet; damage is counted.

The library is PyAV, which brings FFmpeg: ``pip install 'lessup[video]'``. A file is handed to FFmpeg as bytes alone:
a play list or a file of references within it cannot open anything else, on this machine or elsewhere. A decoder has one
thread: clips are decoded beside one another, and a damaged one gives the same frames every time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from lessup.errors import DataError, MissingExtraError
from lessup.formats.limits import check_pixels

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".avi", ".mkv", ".webm", ".ogv", ".flv", ".wmv", ".asf"),
    *(".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".mxf", ".y4m", ".mjpeg", ".h264", ".h265", ".hevc"),
)
"""Endings of the files that are taken for videos."""

_ALONE = {"protocol_whitelist": "none"}
"""No protocol has this name, so that no demuxer opens a second file."""


class Video:
    """A video file that is being decoded.

    Attributes:
        container: PyAV's input container.
        pictures: its video stream; None if it has none, pictures on the cover of a recording not counted.
        sound: its sound stream, None if it has none.
        num_damaged: packets so far that came incomplete or could not be decoded.
        problem: what ended the file before its end; empty if nothing did.
    """

    def __init__(self, file: IO[bytes], max_megapixels: int) -> None:
        self._file, self._max_megapixels = file, max_megapixels
        self.container: Any = None
        self.pictures: Any = None
        self.sound: Any = None
        self.rewind()

    def rewind(self) -> None:
        """Open the file anew: the next frame decoded is its first.

        Raises:
            DataError: it is damaged, or of another kind; the message gives the reason alone.
        """
        av = library()
        self.close()
        self._file.seek(0)
        try:
            self.container = av.open(self._file, container_options=_ALONE, metadata_errors="replace")
        except broken() as error:
            raise DataError(f"is no video that can be decoded: {reason(error)}") from error
        streams = self.container.streams
        self.pictures = next((each for each in streams.video if _is_moving(each)), None)
        self.sound = next(iter(streams.audio), None)
        for stream in (self.pictures, self.sound):
            if stream is not None:
                stream.codec_context.thread_count = 1
        if self.pictures is not None:
            context = self.pictures.codec_context
            check_pixels(context.width, context.height, self._max_megapixels)
        self.num_damaged, self.problem = 0, ""

    def close(self) -> None:
        """Free what the decoder holds; the file stays open."""
        if self.container is not None:
            self.container.close()

    def seek(self, stamp: int, stream: Any) -> bool:
        """Go to a place at or before a time stamp of a stream, and tell whether that was possible."""
        try:
            self.container.seek(stamp, stream=stream)
        except broken():
            return False
        return True

    def decoded(self, *streams: Any) -> Iterator[Any]:
        """Yield the frames of some streams as they come, pictures in the order in which they are shown."""
        packets = self.container.demux(*streams)
        while True:
            try:
                packet = next(packets, None)
            except broken() as error:
                self.problem = reason(error)
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except broken():
                self.num_damaged += 1
                continue
            self.num_damaged += bool(packet.is_corrupt)
            yield from frames


@contextmanager
def opened(file: IO[bytes], *, max_megapixels: int) -> Iterator[Video]:
    """Open a video file to decode it.

    Args:
        file: its bytes, at any place that can be sought.
        max_megapixels: larger pictures are refused before they are decoded.

    Raises:
        DataError: it is empty, damaged, of another kind, or too large; the message gives the reason alone.
        MissingExtraError: the extra ``video`` is not installed.
    """
    library()
    file.seek(0)
    if not file.read(1):
        raise DataError("the file is empty")
    video = Video(file, max_megapixels)
    try:
        yield video
    finally:
        video.close()


def library() -> Any:
    """Import PyAV.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("videos need the package av: pip install 'lessup[video]'") from error
    return av


def broken() -> tuple[type[Exception], ...]:
    """Return what PyAV raises on damaged bytes."""
    return (library().FFmpegError, OSError, ValueError, EOFError)


def reason(error: Exception) -> str:
    """Return what an error says, without number and name of file."""
    return str(getattr(error, "strerror", None) or error)


def _is_moving(stream: Any) -> bool:
    return not stream.disposition & library().stream.Disposition.attached_pic
