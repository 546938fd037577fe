"""What may be raised in a task from outside. Let it pass; `except Exception` does, as none of them is one."""


class Interruption(BaseException):
    """The task must stop where it is."""


class Lost(Interruption):
    """The job is no longer this worker's: its lease ran out, or it was put down or given back."""


class Cancelled(Interruption):
    """Somebody does not want the job any more."""


class Stopping(Interruption):
    """The worker stops: the job goes on elsewhere, from the cursor that it has just reported."""


class TimedOut(Interruption):
    """The attempt took longer than it may."""
