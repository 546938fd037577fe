"""However a drill ends, what it changed is put back, or the command for it is printed."""

import random
import signal

import pytest

from bench import drill, faults, stack
from bench.shell import StackError

KNOBS = ["SECONDS=1", "CLIENTS=8", "ROOMS=2", "SEED=1"]


@pytest.fixture
def ending(monkeypatch):
    """Return a function that lets the drill scale ws, and then end so."""

    def end(error):
        class Short:
            def __init__(self, hands, knobs):
                self.hands = hands

            async def run(self):
                self.hands.scale(4)
                raise error

        monkeypatch.setattr(drill, "Drill", Short)

    before = signal.getsignal(signal.SIGTERM)
    yield end
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, StackError("away"), RuntimeError("refused")])
def test_it_works(cluster, ending, error):
    before = cluster.limits()
    ending(error)
    if error is KeyboardInterrupt:
        assert drill.main(KNOBS) == 130
    else:
        with pytest.raises(SystemExit, match=f"could not be done: {error}"):
            drill.main(KNOBS)
    assert cluster.asked("patch") and cluster.limits() == before


def test_what_is_left_is_said(cluster, ending):
    ending(KeyboardInterrupt)
    cluster.fail('patch hpa ws --type=merge -p {"spec": {"minReplicas": 2, "maxReplicas": 6}}')
    with pytest.raises(SystemExit, match="by hand: kubectl -n partyline patch hpa ws --type=merge -p '{"):
        drill.main(KNOBS)


class Here(stack.Checkout):
    """A stack of this checkout with three ws processes."""

    services = ()

    def __init__(self, monkeypatch):
        super().__init__("http://127.0.0.1:1")
        self.count, self.asked = 3, []
        monkeypatch.setattr(stack, "make", self.make)

    def make(self, verb, word):
        self.asked.append(word)
        self.count = int(word.removeprefix("WS=")) if verb == "scale" else self.count

    def processes(self, service):
        return list(range(self.count))

    lives = processes


def test_a_checkout_gets_its_number_of_ws_back(monkeypatch):
    here = Here(monkeypatch)
    here.put_back()
    assert here.asked == [], "nothing was changed"
    for hurt in (faults.scale_up, faults.scale_up, faults.scale_down, faults.scale_up):
        hurt(here, "ws", random.Random(1))
    here.put_back()
    assert here.asked == ["WS=4", "WS=5", "WS=4", "WS=5", "WS=3"]


def test_a_checkouts_own_faults(monkeypatch):
    kinds = faults.kinds(Here(monkeypatch), 300)
    names = [kind.name for kind in kinds]
    assert names == ["roll ws", "roll web", "roll worker", "roll nginx", "scale ws up", "scale ws down"]
    assert [kind.name for kind in kinds if kind.unnoticed] == ["roll ws", "roll web", "roll worker"]
