"""A file on a full disk."""

import errno
import io


class FullDisk(io.FileIO):
    """A file on a disk that has room for `room` bytes more."""

    room = 0

    def write(self, data):
        fits = memoryview(data).cast("B")[: self.room]
        if not len(fits):
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(fits)
        return super().write(fits)
