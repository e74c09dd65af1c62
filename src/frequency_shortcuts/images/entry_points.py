"""Functions of the user, named `module:function`."""

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def entry_point(name: str) -> Callable[..., Any]:
    """The function that `module:function` names; modules may also lie in the working folder.

    Raises ValueError if the module does not import or has no such function.
    """
    module_name, _, function = name.partition(":")
    if not module_name or not function:
        raise ValueError(f"entry point {name!r}: expected module:function")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's module may raise any error
        raise ValueError(
            f"entry point {name}: {module_name} does not import ({first_line(error)}); modules are looked for in "
            f"{here} and among the installed packages"
        ) from error
    finally:
        sys.path.remove(here)
    member: Callable[..., Any] | None = getattr(module, function, None)
    if not callable(member):
        there = [known for known, value in vars(module).items() if callable(value)]
        raise ValueError(
            f"entry point {name}: {module_name} has no function {function}; it has {', '.join(there)}"
        )
    return member


def call(name: str, options: dict[str, Any], **offered: Any) -> Any:
    """The result of an entry point for its options and those `offered` keywords that it accepts; `**` accepts all.

    Raises ValueError, naming the entry point, for any error in it.
    """
    function = entry_point(name)
    try:
        taken = inspect.signature(function).parameters
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
            offered = {key: value for key, value in offered.items() if key in taken}
        return function(**offered | options)
    except (Exception, SystemExit) as error:
        raise ValueError(f"entry point {name} failed ({first_line(error)})") from error


def first_line(error: BaseException) -> str:
    """The type of an error and the first line of its message, if it has one."""
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
