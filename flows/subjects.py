"""The list of subjects. A new one is a line in each of these."""

from functools import partial

from flows.batches.needs import AnyNeed as BatchNeed
from flows.batches.records import AnyRecord as BatchRecord
from flows.batches.subject import SUBJECT as BATCHES
from flows.commune.checking import Checking
from flows.commune.needs import AnyNeed as CommuneNeed
from flows.commune.numbering import Numbering
from flows.commune.records import AnyRecord as CommuneRecord
from flows.commune.subject import SUBJECT as COMMUNE
from flows.conversation import engine, session
from flows.conversation.subjects import Subjects
from flows.forms.needs import AnyNeed as FormNeed
from flows.forms.records import AnyRecord as FormRecord
from flows.forms.subject import SUBJECT as FORMS
from flows.forms.talk import Filling
from flows.households.needs import AnyNeed as HouseholdNeed
from flows.households.records import AnyRecord as HouseholdRecord
from flows.households.subject import SUBJECT as HOUSEHOLDS
from flows.households.talk import Living
from flows.joining.needs import AnyNeed as JoiningNeed
from flows.joining.records import AnyRecord as JoiningRecord
from flows.joining.subject import SUBJECT as JOINING
from flows.joining.talk import Joining
from flows.late.subject import SUBJECT as LATE
from flows.late.talk import LettingIn
from flows.meeting.entering import Meeting
from flows.meeting.needs import AnyNeed as MeetingNeed
from flows.meeting.records import AnyRecord as MeetingRecord
from flows.meeting.subject import SUBJECT as MEETING
from flows.notices.draft.drafting import Drafting
from flows.notices.needs import AnyNeed as NoticeNeed
from flows.notices.records import AnyRecord as NoticeRecord
from flows.notices.subject import SUBJECT as NOTICES
from flows.notices.talk import Noticing
from flows.papers.records import AnyRecord as PaperRecord
from flows.papers.subject import SUBJECT as PAPERS
from flows.papers.talk import Papering
from flows.people.needs import AnyNeed as PeopleNeed
from flows.people.subject import SUBJECT as PEOPLE
from flows.people.talk import Adding, Switching
from flows.privacy.needs import AnyNeed as PrivacyNeed
from flows.privacy.records import AnyRecord as PrivacyRecord
from flows.privacy.subject import SUBJECT as PRIVACY
from flows.privacy.talk import ChoosingLanguage, Privacy
from flows.publishing.records import AnyRecord as PublishingRecord
from flows.publishing.subject import SUBJECT as PUBLISHING
from flows.publishing.talk import AskingForNames
from flows.received.needs import AnyNeed as ReceivedNeed
from flows.received.records import AnyRecord as ReceivedRecord
from flows.received.subject import SUBJECT as RECEIVED
from flows.received.talk import Muting
from flows.recognition.needs import AnyNeed as RecognitionNeed
from flows.recognition.records import AnyRecord as RecognitionRecord
from flows.recognition.register import Registered
from flows.recognition.subject import SUBJECT as RECOGNITION
from flows.recognition.talk import Recognising
from flows.registration.records import AnyRecord as RegistrationRecord
from flows.registration.subject import SUBJECT as REGISTRATION
from flows.registration.subject import welcome
from flows.registration.talk import Registering
from flows.review.arrivals import ChoosingArrivals
from flows.review.listing import Reviewing
from flows.review.many import ConfirmingMany
from flows.review.needs import AnyNeed as ReviewNeed
from flows.review.records import AnyRecord as ReviewRecord
from flows.review.subject import SUBJECT as REVIEW
from flows.review.talk import Deciding
from flows.roles.needs import AnyNeed as RoleNeed
from flows.roles.own import OwnRoleTalk
from flows.roles.records import AnyRecord as RoleRecord
from flows.roles.subject import SUBJECT as ROLES
from flows.roles.talk import Inviting
from flows.signing_in.records import AnyRecord as SigningInRecord
from flows.signing_in.subject import SUBJECT as SIGNING_IN

# In the order in which they are named at home.
EVERY = (
    BATCHES, REVIEW, LATE, MEETING, COMMUNE, RECOGNITION, NOTICES, ROLES, REGISTRATION, FORMS, PAPERS,
    PUBLISHING, PEOPLE, HOUSEHOLDS, JOINING, RECEIVED, PRIVACY, SIGNING_IN,
)  # fmt: skip
SUBJECTS = Subjects(*EVERY, welcome=welcome)

AnyTalk = (
    Registering
    | Filling
    | Reviewing
    | ConfirmingMany
    | ChoosingArrivals
    | Deciding
    | LettingIn
    | Meeting
    | Checking
    | Numbering
    | Recognising
    | Registered
    | Inviting
    | OwnRoleTalk
    | Papering
    | AskingForNames
    | Noticing
    | Drafting
    | Muting
    | Switching
    | Adding
    | Living
    | Joining
    | Privacy
    | ChoosingLanguage
    | session.Home
)
SubjectRecord = (
    RegistrationRecord
    | FormRecord
    | BatchRecord
    | MeetingRecord
    | CommuneRecord
    | RecognitionRecord
    | ReviewRecord
    | RoleRecord
    | PaperRecord
    | PublishingRecord
    | NoticeRecord
    | ReceivedRecord
    | HouseholdRecord
    | JoiningRecord
    | PrivacyRecord
    | SigningInRecord
)
AnyNeed = (
    FormNeed
    | BatchNeed
    | ReviewNeed
    | MeetingNeed
    | CommuneNeed
    | RecognitionNeed
    | RoleNeed
    | NoticeNeed
    | ReceivedNeed
    | PeopleNeed
    | HouseholdNeed
    | JoiningNeed
    | PrivacyNeed
)

FLOWS = SUBJECTS.flows
decide = partial(engine.decide, SUBJECTS)
