"""Who people are."""

import re
import unicodedata
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import IntegrityError, models, transaction
from django.dispatch import receiver
from django.utils import timezone

from partyline.live import kinds, revoke
from partyline.live.log import dropped

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

    @property
    def may_have_mail(self):
        """Tell whether they may follow and be written to: who has an account, where the site sends mail."""
        return settings.SENDS_MAIL and self.is_active and not self.is_guest

    def save(self, *args, update_fields=None, **kwargs):
        """Keep the person; whatever may have changed what they may do is looked at again at once."""
        self.name_key = fold(self.username)
        known = not self._state.adding and set(update_fields or [""]) - {"last_login"}
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)
            if known:
                revoke.person(self.pk)


class Follow(models.Model):
    """What somebody wants to hear of in the daily mail: a stream of a kind that has news."""

    MOST = 200  # of one person

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="follows")
    key = models.CharField(max_length=80)
    # As they were when they were followed: for the list of what somebody follows.
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="follow_once")]
        indexes = [models.Index(fields=["key"], name="follow_key")]

    def __str__(self):
        return f"{self.person_id} follows {self.key}"


@receiver(dropped)
def _nothing_to_follow(sender, keys, **kwargs):
    followed = [key for key in keys if (kind := kinds.find(key)[0]) and kind.news]
    if followed:  # jobs' streams go by the thousand
        Follow.objects.filter(key__in=followed).delete()


class Mailbox(models.Model):
    """Where a person is written to, and until when they have been told what is new.

    Nothing but a confirmation goes to an address that is only `asked` for; it becomes the `address` by the
    link in that mail.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True)
    address = models.EmailField(blank=True)
    asked = models.EmailField(blank=True)
    wants_digest = models.BooleanField("a daily mail with what is new", default=False)
    told = models.DateTimeField(null=True)  # everything up to here has been mailed
    digest_day = models.DateField(null=True)  # the day whose mail was sent, or was about to be

    def __str__(self):
        return f"{self.person_id}: {self.address}"

    @property
    def gets_digest(self):
        return bool(self.address) and self.wants_digest and self.person.may_have_mail

    @classmethod
    def of(cls, person):
        return cls.objects.get_or_create(person=person)[0]

    def ask(self, address):
        """Note an address that is to be confirmed; tells False where too many mails would be sent."""
        with transaction.atomic():
            if not Confirmation.take_turn(self.person, address):
                return False
            self.change(asked=address)
        return True

    def confirm(self, address):
        """Take the address that was asked for last; tells False for any other."""
        confirmed = Mailbox.objects.filter(pk=self.pk, asked=address).exclude(asked="")
        if confirmed.update(address=address, asked="", wants_digest=True, told=timezone.now()):
            return True
        return Mailbox.objects.filter(pk=self.pk, address=address).exclude(address="").exists()

    def want_digest(self, wants):
        """Turn the daily mail on or off; it tells of what comes from now on."""
        if wants != self.wants_digest:
            self.change(wants_digest=wants, told=timezone.now())

    def forget(self):
        """Write to nobody any more."""
        self.change(address="", asked="", wants_digest=False)

    def claim(self, day):
        """Take it on oneself to send that day's mail; one caller is told True."""
        return bool(Mailbox.objects.filter(pk=self.pk).exclude(digest_day__gte=day).update(digest_day=day))

    def change(self, **values):
        Mailbox.objects.filter(pk=self.pk).update(**values)
        for name, value in values.items():
            setattr(self, name, value)


class Confirmation(models.Model):
    """A mail that asked whether an address is somebody's: counted, so that nobody's mailbox is flooded."""

    PERSON_MOST, ADDRESS_MOST = 5, 3  # in a day (UTC); of an address from all people together

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254)  # as it is counted
    day = models.DateField()
    number = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "day", "number"], name="confirmation_once")]

    def __str__(self):
        return f"{self.person_id}: {self.address}, {self.day}"

    @classmethod
    def take_turn(cls, person, address):
        """Count one more; tells False where the person or the address has had enough today."""
        today = timezone.now().date()
        name, _, host = address.lower().rpartition("@")
        address = f"{name.partition('+')[0]}@{host}"  # me+x@ and me+y@ are one mailbox
        with transaction.atomic():
            Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # one after the other
            cls.objects.filter(day__lt=today - timedelta(days=1)).delete()
            number = cls.objects.filter(address=address, day=today).count()
            if (
                number >= cls.ADDRESS_MOST
                or cls.objects.filter(person=person, day=today).count() >= cls.PERSON_MOST
            ):
                return False
            try:
                with transaction.atomic():
                    cls.objects.create(person=person, address=address, day=today, number=number)
            except IntegrityError:  # somebody else asks for it at this moment
                return False
        return True
