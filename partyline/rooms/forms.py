"""What people type into rooms; the same forms check a POST and a frame."""

from django import forms

from partyline.live.forms import ClientIdField, TextField
from partyline.people.models import Person, check_name, tidy

from .models import TEXT_LIMIT, Room


class RoomForm(forms.ModelForm):
    """A new room."""

    class Meta:
        model = Room
        fields = ["name", "is_private"]

    def clean_name(self):
        name = tidy(self.cleaned_data["name"])
        check_name(name)
        return name


class SayForm(forms.Form):
    """A message."""

    text = TextField(
        label="Message",
        max_length=TEXT_LIMIT,
        error_messages={
            "required": "There is nothing in this message.",
            "max_length": "This message is too long: %(show_value)d of %(limit_value)d characters.",
        },
    )
    client_id = ClientIdField()


class EditForm(SayForm):
    """Another text for a message."""

    message = forms.IntegerField(min_value=1)


class RemoveForm(forms.Form):
    """A message that shall go."""

    message = forms.IntegerField(min_value=1)
    client_id = ClientIdField()


class InviteForm(forms.Form):
    """Whom to let into a private room."""

    name = forms.CharField(label="Name", max_length=60)

    def clean_name(self):
        try:
            return Person.objects.get_by_natural_key(self.cleaned_data["name"])
        except Person.DoesNotExist:
            raise forms.ValidationError("Nobody has this name.") from None
