"""Is the simulated disk one? What the power cuts of disk.py may and may not leave; run by crash.py before it relies on them."""

import random
import unittest

from disk import ALLOCATE, CUT, LINK, OPEN, OPEN_CUT, OPEN_FOLDER, OPEN_MADE, RENAME, SYNC, SYNCED, UNLINK, WRITE
from disk import SECTOR, Event, History, Odds, cut, sure_names

OLD, NEW = b"o" * 4 * SECTOR, b"n" * 4 * SECTOR
TRIES = 300


class Script:
    """Events as a program would make them; `a` is file 1, `b` file 2, the folder file 9."""

    def __init__(self, start=None):
        self.start, self.events, self.number = start or {}, [], 0

    def add(self, kind, id=0, flags=0, offset=0, length=0, result=0, name="", other="", data=b""):
        self.number += kind != SYNCED
        self.events.append(Event(kind, flags, self.number, id, offset, length, result, 0, name, other, data))
        return self

    def make(self, id, name):
        return self.add(OPEN, id, OPEN_MADE, name=name)

    def open(self, id, name, flags=0):
        return self.add(OPEN, id, flags, name=name)

    def write(self, id, data, offset=0):
        return self.add(WRITE, id, offset=offset, data=data)

    def sync(self, id, result=0):
        flags = OPEN_FOLDER if id == 9 else 0
        self.add(SYNC, id, flags, result=result)
        return self if result else self.add(SYNCED, id, flags)

    def states(self, **odds):
        """Many of those that a power cut may leave."""
        rng, history, found = random.Random(1), History(self.start, self.events, "out"), []
        for _ in range(TRIES):
            drawn = Odds.draw(rng)
            for name, value in odds.items():
                setattr(drawn, name, value)
            found.append(cut(history, drawn, rng))
        return found


class Disk(unittest.TestCase):
    def test_what_was_synced_is_there(self):
        script = Script({"a": OLD}).open(1, "a").write(1, NEW).sync(1).write(1, b"later", 10 * SECTOR)
        for state in script.states():
            self.assertEqual(state["a"][: len(NEW)], NEW)

    def test_what_was_not_synced_is_there_by_the_sector(self):
        script = Script({"a": OLD}).open(1, "a").write(1, NEW)
        seen = {state["a"] for state in script.states(keep=0.5, torn=0)}
        self.assertEqual(len(seen), 16)
        for data in seen:
            parts = {data[k : k + SECTOR] for k in range(0, len(data), SECTOR)}
            self.assertLessEqual(parts, {OLD[:SECTOR], NEW[:SECTOR]})
        torn = {state["a"] for state in script.states(keep=0, torn=1)}
        self.assertGreater(len(torn), 16)

    def test_a_write_during_a_sync_may_be_lost(self):
        script = Script({"a": OLD}).open(1, "a").add(SYNC, 1).write(1, NEW)
        script.events.append(Event(SYNCED, 0, 2, 1, 0, 0, 0, 0, "", "", b""))
        self.assertEqual({state["a"] for state in script.states(keep=0, torn=0)}, {OLD})

    def test_a_failed_sync_keeps_nothing_for_good(self):
        script = Script({"a": OLD}).open(1, "a").write(1, NEW).sync(1, result=-5).sync(1)
        self.assertEqual({state["a"] for state in script.states(keep=0, torn=0)}, {OLD})

    def test_a_size_that_was_not_synced(self):
        script = Script().make(1, "a").sync(9).write(1, NEW)
        states = script.states(keep=0.5, torn=0, stale=False)
        self.assertEqual({len(state["a"]) for state in states}, {0, len(NEW)})
        self.assertIn(bytes(len(NEW)), {state["a"] for state in states})
        stale = {state["a"] for state in script.states(keep=0.5, torn=0, stale=True)}
        self.assertGreater(len(stale), 17)
        reserved = Script().make(1, "a").add(ALLOCATE, 1, length=len(NEW)).sync(1).sync(9).write(1, NEW)
        self.assertEqual(len({state["a"] for state in reserved.states(keep=0.5, torn=0, stale=True)}), 16)

    def test_nothing_comes_back_after_a_cut(self):
        script = Script({"a": OLD}).open(1, "a").write(1, NEW).add(CUT, 1, length=0).sync(1).write(1, b"x" * 3 * SECTOR)
        for state in script.states(stale=False):
            self.assertNotIn(b"o", state["a"])
            self.assertNotIn(b"n", state["a"])
        unsynced = Script({"a": OLD}).open(1, "a", OPEN_CUT).write(1, NEW)
        for state in unsynced.states(torn=0, stale=False):
            self.assertTrue(state["a"] == OLD or b"o" not in state["a"])

    def test_a_name_that_was_synced_is_there(self):
        script = Script().make(1, "a").write(1, NEW).sync(1).sync(9).add(RENAME, name="a", other="out")
        for state in script.states():
            self.assertIn(list(state.items()), ([("a", NEW)], [("out", NEW)]))
        self.assertEqual(set(sure_names(History({}, script.events))), {"a"})

    def test_which_sync_keeps_a_name(self):
        script = Script().make(2, "b").make(1, "a").write(1, NEW).sync(1)
        seen = {names: {tuple(sorted(state)) for state in script.states(names=names)} for names in ("journaled", "strict", "own")}
        self.assertEqual(seen["journaled"], {("a", "b")})
        self.assertEqual(seen["own"], {("a", "b"), ("a",)})
        self.assertEqual(seen["strict"], {("a", "b"), ("a",), ("b",), ()})

    def test_names_are_lost_in_order(self):
        script = Script({"a": OLD}).add(LINK, name="a", other="b").add(RENAME, name="b", other="c").add(UNLINK, name="a")
        strict = {tuple(sorted(state)) for state in script.states(names="strict")}
        self.assertEqual(strict, {("a",), ("a", "b"), ("a", "c"), ("b",), ("c",)})
        journaled = {tuple(sorted(state)) for state in script.states(names="journaled")}
        self.assertEqual(journaled, {("a",), ("a", "b"), ("a", "c"), ("c",)})

    def test_the_final_name_is_watched(self):
        script = Script().make(1, "a").write(1, NEW).add(RENAME, name="a", other="out")
        history = History({}, script.events, "out")
        self.assertEqual([whole for _, whole in history.whole], [NEW])
        self.assertFalse(history.problems)
        self.assertTrue({state.get("out") for state in script.states()} - {None, NEW})
        script.write(1, b"more")
        self.assertTrue(History({}, script.events, "out").problems)
        self.assertTrue(History({"out": OLD}, Script().add(UNLINK, name="out").events, "out").problems)


def check():
    """What is wrong, "" nothing."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Disk).run(result)
    return "\n".join(text for _, text in result.failures + result.errors) or ("" if result.testsRun else "no checks")
