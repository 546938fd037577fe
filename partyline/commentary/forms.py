"""What people type into commentaries; the same forms check a POST and a frame."""

from django import forms

from partyline.live.forms import ClientIdField, TextField
from partyline.people.models import check_name, tidy

from .models import TEXT_LIMIT, Event


class EventForm(forms.ModelForm):
    """A new event."""

    class Meta:
        model = Event
        fields = ["title"]

    def clean_title(self):
        title = tidy(self.cleaned_data["title"])
        check_name(title)
        return title


class NoteForm(forms.Form):
    """A line of the commentary."""

    text = TextField(max_length=TEXT_LIMIT, error_messages={"required": "There is nothing in this line."})
    client_id = ClientIdField()
