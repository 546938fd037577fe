"""DatabaseStorage keeps Django's storage API: what one process saves, another one opens."""

import io
import threading

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from partyline.files.models import CHUNK, Chunk, StoredFile
from partyline.files.storage import DatabaseStorage, FileTooLarge

pytestmark = pytest.mark.django_db(transaction=True)
storage = DatabaseStorage()


def test_it_works():
    name = storage.save("a/hello.txt", ContentFile("hällo"))
    assert name == "a/hello.txt"
    assert storage.exists(name)
    assert storage.size(name) == 6
    with storage.open(name) as file:
        assert file.read() == "hällo".encode()
        assert file.size == 6
    assert StoredFile.objects.get().content_type == "text/plain"
    assert storage.get_created_time(name)
    storage.delete(name)
    assert not storage.exists(name)
    assert not Chunk.objects.exists()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_every_byte_comes_back(size):
    data = bytes(i % 251 for i in range(size))
    name = storage.save("data", ContentFile(data))
    assert Chunk.objects.count() == -(-size // CHUNK)
    assert storage.open(name).read() == data
    assert b"".join(storage.open(name).chunks(1000)) == data
    with storage.open(name) as file:
        file.seek(max(0, size - 3))
        assert file.read(10) == data[-3:]
        assert file.seek(0, io.SEEK_END) == size
        assert file.read() == b""


def test_reading_asks_once_for_every_chunk(django_assert_num_queries):
    name = storage.save("data", ContentFile(b"x\n" * CHUNK))
    with django_assert_num_queries(1 + 2):
        assert sum(1 for _ in storage.open(name)) == CHUNK


def test_text_longer_than_a_chunk_is_cut_by_bytes():
    name = storage.save("text", ContentFile("ä" * CHUNK))
    assert storage.open(name).read().decode() == "ä" * CHUNK
    assert Chunk.objects.count() == 2


def test_a_taken_name_gets_another_one():
    names = {storage.save("same.txt", ContentFile(str(number))) for number in range(3)}
    assert len(names) == 3
    assert {storage.open(name).read() for name in names} == {b"0", b"1", b"2"}


def test_a_name_that_is_taken_in_the_same_moment_gets_another_one():
    storage.save("same.txt", ContentFile("first"))
    assert storage._save("same.txt", ContentFile("second")) != "same.txt"
    assert StoredFile.objects.count() == 2


def test_many_at_once_lose_nothing():
    def save():
        try:
            names.append(storage.save("same.txt", ContentFile(b"x" * CHUNK * 2)))
        finally:
            connection.close()

    names = []
    threads = [threading.Thread(target=save) for _ in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(set(names)) == 5
    assert {storage.open(name).size for name in names} == {CHUNK * 2}


def test_a_rollback_takes_the_file_back():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        storage.save("a", ContentFile("a"))
        raise ZeroDivisionError
    assert not storage.exists("a")


def test_too_large_is_refused_and_leaves_nothing():
    with pytest.raises(FileTooLarge):
        DatabaseStorage(max_size=10).save("large", ContentFile(b"x" * 11))
    assert not StoredFile.objects.exists()
    assert not Chunk.objects.exists()


def test_listdir():
    for name in ["a/1", "a/2", "a/b/3", "a%b/4", "ab", "c", "A/5"]:
        storage.save(name, ContentFile(name))
    assert storage.listdir("") == (["A", "a", "a%b"], ["ab", "c"])
    assert storage.listdir("a") == storage.listdir("a/") == (["b"], ["1", "2"])
    assert storage.listdir("a%b") == ([], ["4"])


def test_what_is_not_there():
    for ask in [storage.open, storage.size, storage.get_modified_time]:
        with pytest.raises(FileNotFoundError):
            ask("gone")
    storage.delete("gone")


def test_a_file_deleted_under_its_reader_is_said_so():
    file = storage.open(storage.save("a", ContentFile(b"x" * CHUNK * 2)))
    file.read(1)
    storage.delete("a")
    with pytest.raises(FileNotFoundError):
        file.read()


def test_what_it_does_not_offer():
    name = storage.save("a", ContentFile("a"))
    with pytest.raises(ValueError):
        storage.open(name, "wb")
    with pytest.raises(NotImplementedError):
        storage.url(name)
