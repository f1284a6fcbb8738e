"""What this site tells machines about its OpenID services: XRDS documents (Yadis 1.0)."""

from flask import Response, current_app, render_template, request, url_for
from openid.consumer.discover import OPENID_1_1_TYPE, OPENID_2_0_TYPE, OPENID_IDP_2_0_TYPE
from openid.server.trustroot import RP_RETURN_TO_URL_TYPE
from openid.yadis.constants import YADIS_CONTENT_TYPE

from app.web.origin import own_url


def wants_xrds() -> bool:
    """Return whether the Accept header prefers an XRDS document to a page."""
    return request.accept_mimetypes.best_match(["text/html", YADIS_CONTENT_TYPE]) == (
        YADIS_CONTENT_TYPE
    )


def realm_document() -> Response:
    """Return where a provider may send people back to (OpenID 2.0, 13), and who signs in."""
    services = [{"types": [RP_RETURN_TO_URL_TYPE], "uri": own_url(url_for("auth.login"))}]
    if current_app.config["PROVIDER"] != "off":
        services.append(_chooser())
    return _document(services)


def advertise_xrds(response: Response, document_endpoint: str) -> Response:
    """Return `response` with X-XRDS-Location set (Yadis 1.0).

    So machines that send no Accept header find the XRDS document as well.
    """
    response.headers["X-XRDS-Location"] = own_url(url_for(document_endpoint))
    response.vary.add("Accept")
    return response


def provider_document() -> Response:
    """Return the document of the OP identifier (OpenID 2.0, 7.3.2.1.1)."""
    return _document([_chooser()])


def identity_document(identifier: str) -> Response:
    """Return the document of one identity of our own provider (OpenID 2.0, 7.3.2.1.2)."""
    types = [OPENID_2_0_TYPE, OPENID_1_1_TYPE]
    return _document([{"types": types, "uri": endpoint_url(), "local_id": identifier}])


def endpoint_url() -> str:
    """Return the full address of our own provider's endpoint."""
    return own_url(url_for("provider.endpoint"))


def _chooser() -> dict:
    return {"types": [OPENID_IDP_2_0_TYPE], "uri": endpoint_url()}


def _document(services: list[dict]) -> Response:
    response = Response(render_template("xrds.xml", services=services), mimetype=YADIS_CONTENT_TYPE)
    response.vary.add("Accept")
    return response
