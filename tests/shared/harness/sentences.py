"""What echodex promises, by number. Each has tests that are marked with it; docs/promises.md is made from both."""

from __future__ import annotations

PROMISES = {
    "P1": "`add`, `embed`, `materialise`, `prune` and `train` can be killed at any moment: what was finished is kept, "
    "nothing is doubled, and the same command, run again, ends where an undisturbed one would have.",
    "P2": "Where a single operation on a file fails, whichever it is, a writing verb leaves the old state or the new "
    "one, never a mix, and can be run again.",
    "P3": "Several processes can write to a store at once: no row is lost, none is doubled.",
    "P4": "Who reads while others write and compact sees whole commits.",
    "P5": "A full disk ends a command with one sentence and exit code 74; the store stays readable, and once there is "
    "room the same command completes.",
    "P6": "A flipped bit, in whichever file of a store, is found by `check --data`, or changes nothing that the store "
    "answers.",
    "P7": "No search is answered from an index that is stale, damaged, swapped or cut short.",
    "P8": "A clip that was removed does not come back: not from an index, a compaction or a process that was killed.",
    "P9": "A view is the same rows for ever, whatever is added, removed and compacted, until it is deleted.",
    "P10": "The same clips and the same seed give the same ids, clusters and views, whatever the order of adding and "
    "the number of threads.",
    "P11": "Training that was interrupted goes on to the same curve.",
    "P12": "A process that is killed while it saves a checkpoint leaves the last good one.",
    "P13": "A broken audio file is a clip with a named reason: no crash, no hang, no half a clip passed off as whole.",
    "P14": "A small file cannot take the machine: what it would decode to is bounded in time and memory.",
    "P15": "Loading what others made (checkpoints, indexes, configurations, stores) runs no code.",
    "P16": "`add` reads nothing outside the folders that it was given, and no pipe or device hangs it.",
    "P17": "No text that is given as an id, a label or a name becomes a filter.",
    "P18": "No name of a view, a space, an index or a run leaves the store's folder.",
    "P19": "The explorer answers this machine and its own page alone.",
    "P20": "A store is readable by its owner alone, whatever the umask.",
    "P21": "No log, report or checkpoint holds a secret of the environment.",
    "P22": "Everything works offline, and nothing is sent anywhere.",
    "P23": "Stores of every released format open; those of a newer one are refused, and the message names it.",
    "P24": "Every failure is one sentence and a stable exit code.",
    "P25": "`check` finds each kind of damage, and `repair` mends it without deleting the only copy of anything.",
    "P26": "What is said to be done is on the disk.",
    "P27": "Memory does not grow with the number of clips added, and searching and pruning keep to stated ceilings.",
    "P28": "Vectors of different encoders never mix.",
    "P29": "A command leaves no process, no lock and no temporary file behind.",
    "P30": "The lowest and the newest versions of the dependencies work, and a wheel holds what belongs in it.",
}
