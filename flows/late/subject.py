"""Letting in who is late, in one value."""

from flows.conversation.subject import Subject
from flows.late.talk import LETTING_IN

SUBJECT = Subject("late", flows=(LETTING_IN,))
