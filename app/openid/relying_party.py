"""This site as an OpenID relying party: Flask-OpenID, bound to the browser that began.

Differences from Flask-OpenID 1.3: a random state ties the provider's answer to the
session that asked; nothing is pickled into a cookie, the library discovers once more
on return; it shares no secret with a provider but has each answer checked by it; addresses
come from SITE_URL, never from a header; every failure is one of PROBLEMS.
"""

import logging
from datetime import UTC, datetime
from functools import wraps
from urllib.parse import urlencode

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_openid import OpenID, OpenIDResponse
from openid.consumer import consumer, discover
from openid.extensions.draft import pape5 as pape
from openid.message import OPENID2_NS, Message
from openid.yadis import xri
from sqlalchemy.exc import SQLAlchemyError

from app.database import end_transaction
from app.openid import addresses, asked, fetcher
from app.openid.asked import Asked
from app.openid.autosubmit import MAX_REDIRECT_URL, self_posting_page
from app.openid.network import Step
from app.openid.store import DatabaseStore
from app.openid.xrds import endpoint_url
from app.web import origin
from app.web.redirects import safe_next

logger = logging.getLogger(__name__)

PROBLEMS = {
    "not_found": "Nothing answers at that address. Please check its spelling.",
    "no_answer": "That address took too long to answer. Please try again in a moment.",
    "busy": "Very many people are signing in just now. Please try again in a moment.",
    "not_openid": "There is no OpenID at that address. Please check it, or sign in another way.",
    "refused": "That address cannot be used here. "
    "Please type the public web address of your OpenID.",
    "cancelled": "You cancelled signing in, so nothing has changed.",
    "clock": "Your provider's clock is too far from ours, so its answer cannot be trusted. "
    "Please tell them, or sign in another way.",
    "used": "This answer of your provider has been used already. Please sign in once more.",
    "elsewhere": "This sign-in was begun in another browser, or it has ended. "
    "Please sign in once more.",
    "invalid": "Your provider's answer could not be verified. Please sign in once more.",
    "nobody": "Your provider did not say who you are. Please sign in another way.",
    "taken": "This OpenID already belongs to somebody here, so it cannot be added.",
    "removed": "Whoever had this OpenID here was removed by the moderators, "
    "so nobody can join with it again.",
}
REPOSTED = "reposted"


class SignInRefused(Exception):
    """No provider to send the visitor to; `problem` is a key of PROBLEMS, str() its sentence."""

    def __init__(self, problem: str):
        super().__init__(PROBLEMS[problem])
        self.problem = problem


class StatelessConsumer(consumer.GenericConsumer):
    """Shares no secret with a provider, which is asked about each answer (OpenID 2.0, 11.4.2)."""

    def _getAssociation(self, endpoint):
        return None


class ProvenIdentifier(OpenIDResponse):
    """What `after_login` is given: the claimed identifier, and what came with it."""

    def __init__(self, response, extensions: list, expected: Asked):
        super().__init__(response, extensions)
        self.identifier: str = response.identity_url
        self.asked = expected
        # When the provider's visitor proved who it is, as far as the provider signed that.
        self.auth_time = _auth_time(self.extensions.get(pape.Response.ns_alias))


class RelyingParty(OpenID):
    """Flask-OpenID's `oid`: `@oid.loginhandler`, `@oid.after_login`, `oid.try_login`."""

    def __init__(self):
        super().__init__(
            safe_roots=[], url_root_as_trust_root=True, extension_responses=[pape.Response]
        )

    def init_app(self, app) -> None:
        """Bind to `app`, and let python3-openid fetch through our guarded fetcher."""
        super().init_app(app)
        fetcher.install()

    def get_next_url(self) -> str:
        return safe_next(request.values.get("next"))

    def get_current_url(self, next_url: str | None = None) -> str:
        return self._sign_in_url() + "?" + urlencode({"next": next_url or self.get_next_url()})

    def _sign_in_url(self) -> str:
        return origin.own_url(url_for("auth.login"))

    def get_success_url(self, state: str = "", next_url: str | None = None) -> str:
        """Return the return_to of a sign-in, with the state that its answer has to bring back."""
        query = {"openid_complete": "yes", "state": state}
        return self.get_current_url(next_url) + "&" + urlencode(query)

    def try_login(
        self,
        identifier: str,
        ask_for: list[str] | None = None,
        ask_for_optional: list[str] | None = None,
        next_url: str | None = None,
        max_auth_age: int | None = None,
        **asking_for,
    ) -> ResponseReturnValue:
        """Return what sends the visitor to the provider of `identifier`, and back to `next_url`.

        Raises SignInRefused when there is no such provider.
        `max_auth_age` is in seconds: a provider whose visitor proved who it is longer ago is
        asked to have it proved again (PAPE 1.0). `asking_for` are the fields of Asked, which
        waits in the session and is an attribute of what `after_login` is given.
        """
        if xri.identifierScheme(identifier) == "XRI":
            # The one resolver of such names was switched off long ago.
            raise SignInRefused("not_openid")
        end_transaction()
        with fetcher.step() as step:
            try:
                asking = _consumer(DatabaseStore()).begin(identifier)
                own = _vet(asking.endpoint.server_url)
            except SQLAlchemyError:
                raise
            except Exception as error:  # The library raises whatever its parsers do.
                raise SignInRefused(_begin_problem(step, error, identifier)) from error
        self.attach_reg_info(asking, ask_for, ask_for_optional)
        if max_auth_age is not None:
            asking.addExtension(pape.Request(max_auth_age=max_auth_age))
        state = asked.expect(**asking_for)
        return_to = self.get_success_url(state, next_url)
        realm = origin.own_url("/")
        try:
            url = asking.redirectURL(realm, return_to)
        except Exception as error:
            raise SignInRefused(_begin_problem(step, error, identifier)) from error
        # What posts itself to this site could carry somebody's words in its name, so that
        # our own provider is asked by a redirect however long it is.
        if len(url) <= MAX_REDIRECT_URL or asking.shouldSendRedirect() or own:
            return redirect(url)
        fields = asking.getMessage(realm, return_to).toPostArgs()
        return self_posting_page(asking.endpoint.server_url, fields)

    def try_own_provider(self, remember: bool = False) -> ResponseReturnValue:
        """Return what asks this site's own provider who is there. Raises SignInRefused."""
        return self.try_login(endpoint_url(), ["nickname", "email"], remember=remember)

    def loginhandler(self, f):
        """Mark the sign-in view: a provider's answer is dealt with before it is called."""

        @wraps(f)
        def decorated(*args, **kwargs):
            if not is_answer():
                return f(*args, **kwargs)
            answer = request.args.to_dict() | request.form.to_dict()
            reposted = answer.pop(REPOSTED, None)
            state = answer.get("state", "")
            expected = asked.is_expected(state)
            # Only a browser too old to send an Origin needs the mark to end the circle.
            here = origin.is_same_origin() or (reposted and "Origin" not in request.headers)
            if request.method == "POST" and not (expected or here):
                return self._fetch_cookies(answer)
            if not expected:
                return self.signal_error("elsewhere")
            # Consumed before the library looks at anything, so that it is good for
            # one answer only and nothing is fetched for a visitor who did not ask.
            return self._complete(answer, asked.take(state))

        return decorated

    def _complete(self, answer: dict[str, str], expected: Asked) -> ResponseReturnValue:
        end_transaction()
        store = DatabaseStore()
        with fetcher.step() as step:
            try:
                response = _consumer(store).complete(answer, self.get_current_url())
            except SQLAlchemyError:
                raise
            except Exception as error:  # Crafted answers break the library in many ways.
                logger.info("OpenID answer refused: %r", error)
                return self.signal_error(_fetch_problem(step.failure) or "invalid", expected)
        if response.status == consumer.CANCEL or response.status == consumer.SETUP_NEEDED:
            return self.signal_error("cancelled", expected)
        if response.status != consumer.SUCCESS:
            logger.info("OpenID answer refused: %s", response.message)
            return self.signal_error(
                store.nonce_problem or _fetch_problem(step.failure) or "invalid", expected
            )
        if not response.identity_url:
            return self.signal_error("nobody", expected)
        try:
            proven = ProvenIdentifier(response, self.extension_responses, expected)
        except Exception as error:
            # Who it is has been proved; that the rest is garbled locks nobody out.
            logger.info("OpenID details ignored: %r", error)
            bare = consumer.SuccessResponse(response.endpoint, Message(OPENID2_NS))
            proven = ProvenIdentifier(bare, self.extension_responses, expected)
        return self.after_login_func(proven)

    def _fetch_cookies(self, answer: dict[str, str]) -> ResponseReturnValue:
        """Answer a POST from another site, which a browser sends without our cookies.

        The visitor's browser asks again from here, where it does send them, and no
        cookie is set on the way: it would replace the session that began the sign-in.
        """
        url = self._sign_in_url() + "?" + urlencode(answer)
        if len(url) <= MAX_REDIRECT_URL:
            return redirect(url, 303)
        return self_posting_page(
            self._sign_in_url() + "?openid_complete=yes", answer | {REPOSTED: "yes"}
        )


oid = RelyingParty()


def is_answer() -> bool:
    """Return whether this request to the sign-in page is a provider's answer."""
    return request.args.get("openid_complete") == "yes"


def _consumer(store) -> consumer.Consumer:
    return consumer.Consumer({}, store, StatelessConsumer)


def _vet(endpoint: str) -> bool:
    """Return whether a discovered endpoint is our own provider's.

    Raises FetchError when a browser must not be sent there: it is no web address, or
    some other page of this site.
    """
    own = addresses.leads_here(endpoint)
    if own and endpoint != endpoint_url():
        raise fetcher.FetchRefused("an endpoint that is a page of this site")
    return own


def _auth_time(said: pape.Response | None) -> datetime | None:
    """Return the time of that name (PAPE 1.0), or None when there is none to be read."""
    if said is None:
        # Most providers do not answer.
        return None
    try:
        moment = datetime.strptime(said.auth_time, "%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError):
        # What is garbled is no answer.
        return None
    return moment.replace(tzinfo=UTC)


def _begin_problem(step: Step, error: Exception, identifier: str) -> str:
    logger.info("No OpenID found at %r: %s", identifier, error)
    if isinstance(error, discover.DiscoveryFailure) and error.http_response is not None:
        return "not_found"
    return _fetch_problem(step.failure) or "not_openid"


def _fetch_problem(failure: Exception | None) -> str | None:
    match failure:
        case None:
            return None
        case fetcher.FetchTimedOut():
            return "no_answer"
        case fetcher.FetchBusy():
            return "busy"
        case fetcher.FetchRefused():
            return "refused"
        case _:
            return "not_found"
