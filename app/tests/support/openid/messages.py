"""Signing, spoiling and sending what one side of a sign-in tells the other."""

import base64


def sign(answer: dict[str, str], association) -> None:
    answer["openid.assoc_handle"] = association.handle
    signed = sorted(name.removeprefix("openid.") for name in answer)
    answer["openid.signed"] = ",".join(signed)
    mac = association.sign([(name, answer["openid." + name]) for name in signed])
    answer["openid.sig"] = base64.b64encode(mac).decode()


def changed(answer: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    changed = answer | {f"openid.{name}": value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}


def form(action: str, fields: dict[str, str], buttons: str) -> str:
    inputs = "\n".join(
        f'<input type="hidden" name="{escaped(name)}" value="{escaped(value)}">'
        for name, value in fields.items()
    )
    return (
        "<!doctype html>\n<html><head><title>Second provider</title></head><body>\n"
        f'<form action="{escaped(action)}" method="post">\n{inputs}\n{buttons}'
        "</form></body></html>"
    )


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
