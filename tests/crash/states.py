"""Crash states of a run on one rank: made, looked at, and gone on from.

Each function raises job.Problem where something is lost, and returns what came of it.
"""

import errno
import shutil
import signal
from dataclasses import dataclass

import job
from disk import RENAME, SYNCED, UNLINK, WRITE, History, Odds, cut, sure_names, without_syncs
from job import OUT, Problem

AGAIN = 0.25  # the share of power cuts that are followed by another
LIES = 0.2  # the share of disks that do not keep the results, whatever a sync said


@dataclass
class Outcome:
    """What came of a state."""

    phase: str
    must_keep: bool = False  # a checkpoint had been recorded
    kept: int = 0  # items that were there when it went on


def go_on(lab, variant, folder, must_keep):
    """The same command again, in what a crash has left: is all well, and was the work kept? Returns how many items were."""
    done = lab.check_output(variant, folder)
    result = lab.run(variant, folder)
    lab.check_finished(variant, folder, result)
    kept = job.kept_items(result)
    if must_keep and not kept and not done:
        raise Problem(f"a checkpoint had been recorded, but nothing was kept\n{result}")
    return kept


def kill(lab, variant, number, torn):
    """Killed just before an operation, or, torn, within it. None: there was no such operation."""
    result, folder, events = lab.run_followed(variant, variant.start, CRASH_AT=number, CRASH_TORN=torn)
    if result.status != -signal.SIGKILL or result.late:
        lab.check_finished(variant, folder, result)
        return None
    lab.keep(folder)
    history = job.check_replay(variant.start, events, folder)
    must_keep = variant.keeps and job.has_journal(history.names)
    return Outcome("a", must_keep, go_on(lab, variant, folder, must_keep))


# ---- failures


def fail(lab, variant, number, name, how):
    """An operation fails with errno `name`; how: "", "FOREVER" (and all later ones) or "SHORT" (no failure: half a write)."""
    settings = {"FAIL_AT": number, "FAIL_ERRNO": getattr(errno, name)} | ({f"FAIL_{how}": 1} if how else {})
    result, folder, events = lab.run_followed(variant, variant.start, "-q", **settings)
    hit = [event for event in events if event.made_to_fail or is_short(event, how, number)]
    if not hit:
        lab.check_finished(variant, folder, result)
        return None
    lab.keep(folder)
    try:
        history = job.check_replay(variant.start, events, folder)
        check_failure(lab, variant, folder, result, name)
        must_keep = variant.keeps and result.status == 3 and job.has_journal(history.names)
        return Outcome("b", must_keep, go_on(lab, variant, folder, must_keep))
    except Problem as problem:
        raise Problem(f"{problem}\nwhat failed first was {hit[0]}; that run:\n{result}") from problem


def is_short(event, how, number):
    return how == "SHORT" and event.number == number and event.kind == WRITE and event.result < event.length


def check_failure(lab, variant, folder, result, name):
    """Did it end as a run should end on such a disk?"""
    job.check_lines(result)
    if result.late or result.status not in (variant.status, 2, 3):
        raise Problem("it hangs" if result.late else f"status {result.status}")
    if result.status in (2, 3) and len(result.lines) != 1:
        raise Problem("one line was expected")
    if result.status == 2 and (name != "EROFS" or without_lock(job.files_in(folder)) != without_lock(variant.start)):
        raise Problem("status 2 says that nothing was begun")
    if not lab.check_output(variant, folder) and result.status == variant.status:
        raise Problem("it says that it has finished")


def without_lock(files):
    return {name: data for name, data in files.items() if not name.startswith(f"{OUT}.lock")}


# ---- power cuts


def cut_power(lab, variant, events, rng, trust_syncs):
    """After some of the events, and perhaps again while it goes on.

    Some disks lie about OUTPUT.part: then it is the journal that tells what of it can be used, and less may be kept; but the
    result is as right as ever.
    """
    start, phase, lied = variant.start, "c", False
    while True:
        before = events[: choose_moment(events, rng)]
        if rng.random() < LIES and not any(event.kind == RENAME and event.other == OUT for event in before):
            before, lied = without_syncs(before, ".part"), True
        must_keep = variant.keeps and not lied and job.has_journal(sure_names(History(start, before)))
        state, folder = cut_once(lab, start, before if trust_syncs else without_syncs(before), rng)
        if rng.random() >= AGAIN:
            return Outcome(phase, must_keep, go_on(lab, variant, folder, must_keep))
        phase, start = "c2", state
        result, folder, events = lab.run_followed(variant, start)
        lab.check_finished(variant, folder, result)
        job.check_replay(start, events, folder)


def choose_moment(events, rng):
    """Any; more often those just before and after names change and syncs end."""
    turns = [moment for moment, event in enumerate(events) if event.kind in (RENAME, UNLINK, SYNCED)]
    if turns and rng.random() < 0.4:
        return min(len(events), rng.choice(turns) + rng.randint(0, 2))
    return rng.randint(0, len(events))


def cut_once(lab, start, events, rng):
    """What is on disk, and a folder of it."""
    history, odds = History(start, events, OUT), Odds.draw(rng)
    state = cut(history, odds, rng)
    folder = lab.folder(state)
    lab.keep(folder)
    if OUT in start and OUT not in state:
        raise Problem(f"the output that was there before is gone ({odds})")
    if OUT in state and not any(state[OUT] == whole for _, whole in history.whole):
        raise Problem(f"{OUT} has its final name, but not all of its bytes ({odds})")
    return state, folder
