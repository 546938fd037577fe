"""Who people are."""

import re
import unicodedata

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models, transaction

from partyline.live import revoke

NAME_LIMIT = 30  # characters
TAKEN = "Somebody has this name already."
# Letters, marks and signs that show nothing; Unicode calls most of them default ignorable.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def tidy(name):
    """Return a name as it is kept: one Unicode form, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def fold(name):
    """Return what two names have in common that differ only in case; not for showing."""
    return tidy(tidy(name).casefold())


def check_name(name):
    """Refuse a name that cannot be seen or that plays tricks with the line it stands in."""
    hidden = any(unicodedata.category(char)[0] in "CZ" and char != " " for char in name)
    if hidden or INVISIBLE.search(name):
        raise ValidationError("A name is made of letters, digits, signs and single spaces.")


class PersonManager(UserManager):
    """Names are looked up without regard to case."""

    def get_by_natural_key(self, username):
        return self.get(name_key=fold(username))


class Person(AbstractUser):
    """Somebody who reads and speaks; `username` is the name that others see. A guest has no password."""

    username = models.CharField(
        "name",
        max_length=NAME_LIMIT,
        unique=True,
        validators=[MinLengthValidator(2), MaxLengthValidator(NAME_LIMIT), check_name],
        error_messages={"unique": TAKEN},
    )
    # Folded here: lower() of SQLite knows ASCII alone, that of Postgres depends on the locale.
    name_key = models.CharField(max_length=100, unique=True, editable=False)
    is_guest = models.BooleanField(default=False)

    REQUIRED_FIELDS = []  # nobody needs an address

    objects = PersonManager()

    class Meta(AbstractUser.Meta):
        verbose_name, verbose_name_plural = "person", "people"

    def clean(self):
        super().clean()
        if Person.objects.filter(name_key=fold(self.username)).exclude(pk=self.pk).exists():
            raise ValidationError({"username": TAKEN})

    def save(self, *args, update_fields=None, **kwargs):
        """Keep the person; whatever may have changed what they may do is looked at again at once."""
        self.name_key = fold(self.username)
        known = not self._state.adding and set(update_fields or [""]) - {"last_login"}
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)
            if known:
                revoke.person(self.pk)
