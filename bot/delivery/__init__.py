"""Delivery: sends what the outbox holds, as fast as a channel allows, and notes what became of it.

One outgoing message is a letter all along its way; each stage is a value of its own:

    Message ─render─▶ Outgoing ─address─▶ Letter ═queue═▶ DueLetter ─attempt─▶ Outcome ─judge─▶ SettledLetter
    what is said      in a language       to a chat       its time has come    what the         sent, queued again
                                          (the outbox)                         channel says     until a time, …

    judging.py   what becomes of a letter after an attempt     values in, values out
    flight.py    which letters are on their way or landed      values in, values out
    attempts.py  one attempt: worded, at its pace, plainly when it is refused
    settling.py  what became of letters is written down
    courier.py   what is taken when, and who leads
"""
