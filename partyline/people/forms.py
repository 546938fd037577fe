"""The forms by which people come in."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm, BaseUserCreationForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from .models import NAME_LIMIT, Person, tidy


class NameField(forms.CharField):
    """A person's name, tidied before it is checked."""

    def __init__(self, **kwargs):
        attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(max_length=NAME_LIMIT, label="Name", widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value):
        return tidy(super().to_python(value) or "")


class SignUpForm(forms.ModelForm):
    """A name and a password, typed once."""

    username = NameField()
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    class Meta:
        model = Person
        fields = ["username"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("password"):
            try:
                validate_password(cleaned["password"], Person(username=cleaned.get("username", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def save(self, commit=True):
        self.instance.set_password(self.cleaned_data["password"])
        return super().save(commit)


class GuestForm(forms.ModelForm):
    """A name is enough."""

    username = NameField()

    class Meta:
        model = Person
        fields = ["username"]

    def save(self, commit=True):
        self.instance.is_guest = True
        self.instance.set_unusable_password()
        return super().save(commit)


class SignInForm(AuthenticationForm):
    """Django's own, with our name field."""

    username = NameField()


class PersonCreationForm(BaseUserCreationForm):
    """For the admin's pages."""

    class Meta:
        model = Person
        fields = ["username"]
