"""The fields of whatever is said on a stream; one form checks a POST and a frame."""

from django import forms


class TextField(forms.CharField):
    """Several lines of text; the end of a line counts as one character, as browsers count."""

    widget = forms.Textarea
    default_error_messages = {"max_length": "This is too long: %(show_value)d of %(limit_value)d characters."}

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")


class ClientIdField(forms.UUIDField):
    """What makes it said once; a person never types it."""

    default_error_messages = dict.fromkeys(
        ("required", "invalid"), "This form was damaged: please send it once more."
    )
