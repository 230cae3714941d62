"""What is asked about batches while a turn is decided."""

from msgspec import Struct

from flows.batches.batch import Batch, Order
from flows.conversation.facts import Need
from flows.words.wording import Named


class Chosen(Struct, frozen=True):
    """What an order would act on: how many forms, how many of them pass, and the names that were asked for."""

    count: int
    passed: int
    named: tuple[Named, ...] = ()


class ChosenWanted(Need[Chosen], frozen=True):
    """What an order would act on. One's own form, `without_person`, is none of them. The owners of the forms `named`
    are told by name."""

    order: Order
    without_person: int
    named: tuple[int, ...] = ()


class BatchWanted(Need[Batch | None], frozen=True):
    """A batch by its id."""

    id: int


class LastBatchWanted(Need[Batch | None], frozen=True):
    """The batch that a person ordered last."""

    person_id: int


class BatchOfFormWanted(Need[Batch | None], frozen=True):
    """The batch in which a person did something with a form as this version, the last such."""

    person_id: int
    assessment_id: int
    version: int


AnyNeed = ChosenWanted | BatchWanted | LastBatchWanted | BatchOfFormWanted
