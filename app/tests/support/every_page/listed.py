"""The list: how to get to each page of the site, and who reads it."""

from app.tests.support.base import PASSWORD, SITE, folder
from app.tests.support.every_page.page import SitePage
from app.tests.support.every_page.readers import (
    HIDDEN,
    LONGEST_NICKNAME,
    LONGEST_WORD,
    RECOVERY,
    TALK,
    UNSUBSCRIBE,
)
from app.tests.support.openid.relying_party import REALM, request_path


def announced() -> str:
    """Return the name of a file in which something is announced."""
    path = folder() / "announced"
    path.write_text(f"New: {LONGEST_WORD}. See https://example.com/news")
    return str(path)


def _page(path: str, reader: str = "visitor", name: str = "", status: int = 200, **how) -> SitePage:
    return SitePage(name or f"{path} {reader}", path, reader, status, **how)


def _refused(path: str, name: str, reader: str = "visitor", status: int = 400, **typed) -> SitePage:
    return _page(path, reader, name, status, typed=typed)


def pages(origin: str = SITE) -> list[SitePage]:
    """Return every page of the site at `origin`."""
    asked = request_path()
    asked_at_length = request_path(return_to=REALM + "return?" + "x" * 2000)
    identity = origin + "/id/miguel"
    asked_again = request_path(
        **{"ns.pape": "http://specs.openid.net/extensions/pape/1.0", "pape.max_auth_age": "0"}
    )
    asked_by_name = request_path(claimed_id=identity, identity=identity)
    return [
        *map(_page, ("/login", "/logout", "/openid", "/openid/sign-in", "/openid/join")),
        _page("/about"),
        _page("/announcement"),
        *(
            _page(
                path, reader, f"announced to a {reader}", changes={"ANNOUNCEMENT_FILE": announced()}
            )
            for path, reader in (("/announcement?next=/about", "visitor"), ("/about", "quiet"))
        ),
        *map(_page, ("/explore?older=9", "/post/1", "/user/susan", "/search", "/id/miguel")),
        # The one page that is full.
        _page("/", "member"),
        _page("/explore?older=9", "member"),
        _page("/explore?older=1", name="past the oldest post"),
        _page("/search?q=tea", "member"),
        _page("/search?q=quiet", "member"),
        _page("/search/people?q=x", "member"),
        _page("/search/people?q=zzz", name="a search for nobody"),
        _page("/search?q=zzz", name="a search that finds nothing"),
        _page("/search?q=%21", name="a search for no word"),
        _page("/tag/tea", "member"),
        _page("/tag/unused", name="an unused tag"),
        _page("/user/susan/followers", "member"),
        _page("/user/susan/following"),
        _page("/user/quiet/followers", name="followed by nobody"),
        _page("/user/miguel?older=9", "member"),
        _page("/user/susan", "member"),
        _page("/user/quiet", name="a profile without posts"),
        _page("/user/quiet", "ranger", "a profile with an old name"),
        _page(f"/user/{LONGEST_NICKNAME}", name="the longest nickname"),
        _page("/user/nobody", "quiet", "nobody of that name"),
        _page("/post/1", "member"),
        # Conversations.
        _page(f"/post/{TALK}"),
        _page(f"/post/{TALK + 1}", "member"),
        _page(f"/post/{TALK + 3}", "quiet", "a conversation about a deleted post"),
        _page(f"/post/{TALK + 2}?newer={TALK + 2}", "quiet", "past a post of a conversation"),
        _refused(f"/post/{TALK + 1}", "too long a reply", "quiet", post="x" * 141),
        _refused("/post/1", "a reply to nothing", "quiet", 404, post="x")._replace(
            action=f"/post/{TALK + 3}/reply"
        ),
        _page("/user/susan/replies", "member"),
        _page("/user/miguel?older=9", "member", "editing a post", link="Edit your post"),
        _page("/user/miguel?older=9", "member", "deleting a post", link="Delete your post"),
        _page("/user/noisy", "member", "a profile of somebody blocked"),
        _page("/post/7", "member", "a post of somebody blocked", 404),
        _page("/user/outcast", name="a profile of somebody suspended"),
        _page("/settings/blocked", "member"),
        _page("/settings/blocked", "quiet", "nobody blocked"),
        _page("/edit", "member"),
        _page("/settings/account", "member"),
        _page("/settings/account", "quiet", "no address"),
        _page("/settings/account", "quiet", "no letters", changes={"MAIL_SERVER": ""}),
        _page("/settings/account/email/confirm?token=confirm", name="a link of a letter"),
        _page("/settings/account/email/confirm?token=x", name="an ended link", status=410),
        _page("/settings/data/leave", "member"),
        _page("/settings/data", "member"),
        _page("/settings/proof?next=/edit", "member"),
        _page("/logout", "member"),
        _page("/openid", "member"),
        _page("/openid/password", "member"),
        _page("/openid/password", "guarded"),
        _page("/openid/second-factor", "ranger"),
        _page("/openid/second-factor", "guarded"),
        _page("/openid/second-factor", "ranger", "setting up", typed={"password": PASSWORD}),
        _refused("/openid/second-factor", "a refused change", "guarded", password="", code=""),
        _page(
            "/openid/second-factor",
            "guarded",
            "recovery codes",
            typed={"password": PASSWORD, "code": RECOVERY},
            button="Make new recovery codes",
        ),
        _refused(
            "/openid/sign-in", "a code", "newcomer", 200, username="guarded", password=PASSWORD
        ),
        _page("/openid/delete", "member"),
        _page("/openid/delete", "ranger"),
        _page("/login/nickname", "newcomer"),
        # Joining.
        _page("/login", name="signing in where newcomers ask", changes={"JOIN": "ask"}),
        _page("/login", name="signing in where they are invited", changes={"JOIN": "invite"}),
        _page("/login", name="signing in where nobody joins", changes={"JOIN": "closed"}),
        _page("/login", "invited", "signing in by an invitation"),
        _page("/join?invitation=ended", "newcomer", "an invitation that has ended"),
        _page("/openid/join", "invited", "an account by an invitation"),
        _page("/join", "newcomer", "asking to join", changes={"JOIN": "ask"}),
        _refused(
            "/join", "a refused question", "newcomer", nickname="susan", reason="x" * 141
        )._replace(changes={"JOIN": "ask"}),
        _refused(
            "/login/nickname", "open to all meanwhile", "newcomer", 409, nickname="x"
        )._replace(action="/join"),
        _page("/join/waiting", "waiting", changes={"JOIN": "ask"}),
        _page("/join/waiting", "refused", changes={"JOIN": "ask"}),
        _page("/invitations", "member"),
        _page("/invitations", "quiet"),
        _page("/invitations", "member", "an invitation just made", button="Make an invitation"),
        _page("/invitations", "member", "no invitations", changes={"JOIN": "closed"}),
        _page("/members/tree", "member"),
        _page("/members/tree?from=susan"),
        _page("/user/ingrid", name="an invited member"),
        _page("/notifications", "member"),
        _page("/notifications", "quiet"),
        _page("/notifications?older=1", "member", "past the first notification"),
        _page("/settings/notifications", "member"),
        _page("/settings/notifications", "quiet", "feeds just made", button="Make the addresses"),
        _page(UNSUBSCRIBE),
        _page(UNSUBSCRIBE, name="no more letters", button="Send me no more letters"),
        _page("/post/1/report", "member"),
        _page("/user/susan/report", "quiet"),
        _page("/moderation", "moderator"),
        _page("/moderation", "chief", "nothing waits"),
        _page("/moderation/post/1", "moderator"),
        _page(f"/moderation/post/{HIDDEN}", "moderator", "a hidden post"),
        _page("/moderation/user/outcast", "moderator", "an answer to a suspension"),
        _page("/moderation/user/chief", "moderator", "another moderator"),
        _page("/moderation/log"),
        _page("/moderation/log?older=1", name="past the first decision"),
        _page("/suspended", "suspended"),
        _refused("/post/1/report", "a report without a sentence", "member", sentence="")._replace(
            button="Something else"
        ),
        _refused(
            "/moderation/post/1", "a decision without a reason", "moderator", reason=""
        )._replace(button="Warn them"),
        _refused("/moderation/user/susan", "no number of days", "moderator", days="many")._replace(
            button="Suspend for so many days"
        ),
        _refused("/suspended", "an empty answer", "suspended", appeal=""),
        # Forms that were refused, and one that went well.
        _refused("/login", "nothing at all", username=""),
        _refused("/login", "no OpenID", openid="")._replace(button="Sign in with OpenID"),
        _refused("/login", "an address without an OpenID", openid="http://127.0.0.1:1/nobody"),
        _refused("/login", "no username", username_there="")._replace(button="LiveJournal"),
        _refused("/login/nickname", "an odd nickname", "newcomer", nickname="not a nickname"),
        _refused("/", "too long a post", "quiet", post="x" * 141),
        _refused("/", "an empty post", "quiet", post=""),
        _refused("/edit", "a refused profile", "member", nickname="susan", about_me="x" * 200),
        _refused("/settings/account", "an OpenID that is none", "member", openid="127.0.0.1:1"),
        _refused("/settings/account", "an address that is none", "member", email="miguel"),
        _refused("/edit", "a saved profile", "member", 200, about_me="Tea, trains and maps."),
        _refused("/settings/data/leave", "somebody else's nickname", "member", nickname="susan"),
        _refused("/openid/sign-in", "a wrong password", username="miguel", password="not that"),
        _refused("/openid/join", "a refused account", username="miguel", password="x", email="x"),
        _refused("/openid/password", "a refused password", "member", old_password="x", password=""),
        _refused("/openid/delete", "a refused farewell", "member", password="not that"),
        # A forgotten password.
        _page("/openid/forgotten"),
        _page("/openid/forgotten", name="nobody writes letters", changes={"MAIL_SERVER": ""}),
        _refused("/openid/forgotten", "a letter is on its way", status=200, account="nobody"),
        _refused("/openid/forgotten", "nobody's name", account=""),
        _page("/openid/recover?token=recover", name="a new password"),
        _refused("/openid/recover?token=recover", "a weak new password", password="password"),
        _page("/openid/recover?token=x", name="an ended way back", status=410),
        # Our provider, asked by another site.
        _page(asked, name="signing in for another site"),
        _page(asked, name="joining for another site", link="Make an account"),
        _page(asked_by_name, name="signing in as somebody"),
        _page(asked, "member", "consent"),
        _page(asked_again, "member", "the password again"),
        _page(asked_at_length, "member", "a form that sends itself", button="Deny"),
        _page("/openid/join", "visitor", "no new accounts", 403, changes={"PROVIDER": "closed"}),
        # What goes wrong.
        _page(request_path(return_to="javascript:x"), "visitor", "a request that is refused", 400),
        _page("/openid/consent?request=ended", "member", "an ended sign-in", 410),
        _page("/nowhere", status=404),
        _page("/nowhere", "member", status=404),
        _page("/forbidden", "member", status=403),
        _page("/user/susan/follow", "member", status=405),
        _page("/fail", "member", status=500),
        _page("/busy", "member", status=503),
        _page("/full", "member", status=503),
        _refused("/", "far too long a post", "member", 413, post="x" * 100_000),
        _refused("/", "an expired form", "member", post="hard to write", csrf_token="stale"),
        _refused("/login", "too often", status=429, openid="you")._replace(action="/too-often"),
        _refused("/login", "signed out", status=401, openid="you")._replace(action="/edit"),
    ]
