"""The one error users see."""


class UserError(Exception):
    """Input that cannot be used; the message is one plain sentence that says what to do next.

    Raise it as ``UserError("<what>: <what was found>. <what to do>")``. The command line prints it and exits
    with 2, the app shows it; nothing else is caught.
    """
