"""Types for annotations alone. What imports them does not depend on the plan: an edit of it re-runs no test."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .plan import Plan as Plan
    from .plan import Run as Run
else:
    Plan = Run = Any
