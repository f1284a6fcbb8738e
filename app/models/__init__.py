"""What is stored, and the verbs on it: users, the ways they sign in, what they write.

What a page reads of many rows at once is in `app/queries`, how it looks in `app/rendering`.
"""

from app.models.current_user import LAST_SEEN_EVERY, CurrentUser
from app.models.emails.addresses import cleaned_email
from app.models.emails.confirmed import ConfirmedEmail
from app.models.emails.links import MailedLink
from app.models.joining.applications import Application
from app.models.joining.invitations import Invitation
from app.models.moderation.actions import Action, HiddenPost, Suspension
from app.models.moderation.reports import Report, Thing
from app.models.names import RefusedIdentifier, ReservedName
from app.models.notifications import Notification
from app.models.notifications.conversations import ConversationChoice
from app.models.notifications.feeds import PrivateFeed
from app.models.notifications.mail import MailChoice
from app.models.posts.brought import BroughtPost
from app.models.posts.post import BIG_ID, MAX_BODY, DeletedPost, Mention, Post, Tag
from app.models.relationships.blocks import Block, KeptApart, TooManyBlocks
from app.models.relationships.followers import followers
from app.models.sign_ins import MAX_IDENTIFIER, Identity, SignIn, SignInEnded, Suspended
from app.models.users import MAX_ABOUT_ME, User

__all__ = [
    "BIG_ID",
    "LAST_SEEN_EVERY",
    "MAX_ABOUT_ME",
    "MAX_BODY",
    "MAX_IDENTIFIER",
    "Action",
    "Application",
    "Block",
    "BroughtPost",
    "ConfirmedEmail",
    "ConversationChoice",
    "CurrentUser",
    "DeletedPost",
    "HiddenPost",
    "Identity",
    "Invitation",
    "KeptApart",
    "MailedLink",
    "MailChoice",
    "Mention",
    "Notification",
    "Post",
    "PrivateFeed",
    "RefusedIdentifier",
    "Report",
    "ReservedName",
    "SignIn",
    "SignInEnded",
    "Suspended",
    "Suspension",
    "Tag",
    "Thing",
    "TooManyBlocks",
    "User",
    "cleaned_email",
    "followers",
]
