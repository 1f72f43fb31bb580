"""The one way to say no."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A business "no", told to the person who asked.

    `key` names the sentence in the catalogues, `field` the form field it belongs to, `params` fill the sentence.
    """

    def __init__(self, key: str, field: str | None = None, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.field = field
        self.params = params


class Busy(Exception):  # noqa: N818 - likewise: "try again", nothing was saved
    """The database did not answer in time; nothing was saved."""
