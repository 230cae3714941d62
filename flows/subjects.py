"""The list of subjects. A new one is a line in each of these."""

from functools import partial

from flows.conversation import engine, session
from flows.conversation.subjects import Subjects
from flows.forms.needs import AnyNeed as FormNeed
from flows.forms.records import AnyRecord as FormRecord
from flows.forms.subject import SUBJECT as FORMS
from flows.forms.talk import Filling
from flows.notices.draft import Drafting
from flows.notices.needs import AnyNeed as NoticeNeed
from flows.notices.records import AnyRecord as NoticeRecord
from flows.notices.subject import SUBJECT as NOTICES
from flows.notices.talk import Noticing
from flows.privacy.needs import AnyNeed as PrivacyNeed
from flows.privacy.records import AnyRecord as PrivacyRecord
from flows.privacy.subject import SUBJECT as PRIVACY
from flows.privacy.talk import ChoosingLanguage, Privacy
from flows.received.needs import AnyNeed as ReceivedNeed
from flows.received.records import AnyRecord as ReceivedRecord
from flows.received.subject import SUBJECT as RECEIVED
from flows.received.talk import Muting
from flows.registration.records import AnyRecord as RegistrationRecord
from flows.registration.subject import SUBJECT as REGISTRATION
from flows.registration.subject import welcome
from flows.registration.talk import Registering
from flows.review.needs import AnyNeed as ReviewNeed
from flows.review.subject import SUBJECT as REVIEW
from flows.review.talk import Deciding, Reviewing
from flows.roles.needs import AnyNeed as RoleNeed
from flows.roles.own import OwnRoleTalk
from flows.roles.records import AnyRecord as RoleRecord
from flows.roles.subject import SUBJECT as ROLES
from flows.roles.talk import Inviting

# In the order in which they are named at home.
EVERY = (REVIEW, NOTICES, ROLES, REGISTRATION, FORMS, RECEIVED, PRIVACY)
SUBJECTS = Subjects(*EVERY, welcome=welcome)

AnyTalk = (
    Registering
    | Filling
    | Reviewing
    | Deciding
    | Inviting
    | OwnRoleTalk
    | Noticing
    | Drafting
    | Muting
    | Privacy
    | ChoosingLanguage
    | session.Home
)
SubjectRecord = RegistrationRecord | FormRecord | RoleRecord | NoticeRecord | ReceivedRecord | PrivacyRecord
AnyNeed = FormNeed | ReviewNeed | RoleNeed | NoticeNeed | ReceivedNeed | PrivacyNeed

FLOWS = SUBJECTS.flows
decide = partial(engine.decide, SUBJECTS)
