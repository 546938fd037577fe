"""What people type into commentaries; the same forms check a POST and a frame."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from partyline.live.forms import ClientIdField, TextField
from partyline.people.models import Person, check_name, tidy

from .models import Event
from .notes import TEXT_LIMIT
from .reactions import KINDS


class StartField(forms.DateTimeField):
    """When something begins, in UTC, within reason; now, where nothing is said."""

    MINUTES = "%Y-%m-%dT%H:%M"
    YEARS = range(2000, 2100)

    def __init__(self, **kwargs):
        widget = forms.DateTimeInput({"type": "datetime-local"}, format=self.MINUTES)
        super().__init__(required=False, label="Starts (UTC)", widget=widget, **kwargs)

    def to_python(self, value):
        try:
            found = super().to_python(value)
        except (OverflowError, ValueError):  # a date at the end of time, in a zone behind it
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        if found and found.year not in self.YEARS:
            raise ValidationError("Enter a date of this century.", code="invalid")
        return found


class EventForm(forms.ModelForm):
    """An event: a new one, or its settings."""

    starts = StartField(help_text="Left empty, it begins now.")

    class Meta:
        model = Event
        fields = ["title", "starts", "is_open"]
        labels = {"is_open": "Anyone who is signed in may add updates"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["starts"].help_text = "Left empty, it stays as it is."

    def clean_title(self):
        title = tidy(self.cleaned_data["title"])
        check_name(title)
        return title

    def clean_starts(self):
        return self.cleaned_data["starts"] or self.instance.starts or timezone.now()

    def save(self, commit=True):
        """Keep what the form says, and nothing else of an event that is there."""
        if self.instance.pk:
            self.instance.save(update_fields=[*self.Meta.fields, "changed"])
            return self.instance
        return super().save(commit)


class CommentatorForm(forms.Form):
    """Who may write, too."""

    name = forms.CharField(label="Name", max_length=60)

    def clean_name(self):
        try:
            return Person.objects.get_by_natural_key(self.cleaned_data["name"])
        except Person.DoesNotExist:
            raise ValidationError("Nobody has this name.") from None


class NoteForm(forms.Form):
    """A line of the commentary."""

    text = TextField(
        label="Text",
        max_length=TEXT_LIMIT,
        error_messages={"required": "There is nothing in this line."},
    )
    client_id = ClientIdField()


class OneNoteForm(forms.Form):
    """Which note is meant; what is done to it, is done once."""

    note = forms.IntegerField(min_value=1)
    client_id = ClientIdField()


class EditForm(NoteForm):
    """Another text for a note."""

    note = forms.IntegerField(min_value=1)


class SwitchForm(OneNoteForm):
    """A note that shall be something, or no longer: a key moment, pinned."""

    on = forms.ChoiceField(choices=[("1", "on"), ("0", "off")])


class ReactionForm(SwitchForm):
    """What somebody feels about a note, or no longer."""

    reaction = forms.ChoiceField(choices=KINDS.items())
