"""Log in with an API key, log out; static files."""

from typing import Annotated, Final

import plotly
from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlalchemy import delete

from api.keys import COOKIE, SESSION_SECONDS, create_session, find_principal
from api.problems import Problem
from api.state import state_of
from api.store.tables import SESSION
from api.web.door import check_origin
from api.web.render import STATIC, render

router = APIRouter(include_in_schema=False)

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}
_PLOTLY: Final = f"{plotly.__path__[0]}/package_data/plotly.min.js"


@router.get("/static/plotly.min.js")
async def plotly_script() -> Response:
    """Return plotly.js as its package brings it."""
    return FileResponse(_PLOTLY, media_type="text/javascript", headers=_A_DAY)


@router.get("/static/{name}")
async def static_file(name: str) -> Response:
    """Return one of our static files; their addresses change with their content."""
    known = {path.name: path for path in STATIC.iterdir()}
    if name not in known:
        raise Problem(404, "not-found", f"there is no file {name!r}")
    kind = _TYPES[name.rpartition(".")[2]]
    return FileResponse(known[name], media_type=kind, headers=_FOREVER)


@router.get("/login")
async def login_page(request: Request, next: str = "/") -> Response:
    """Ask for a key."""
    return render(request, "login.html", {"message": "", "next": _inside(next)})


@router.post("/login")
async def login(
    request: Request,
    key: Annotated[str, Form(max_length=300)],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Begin a session with a key."""
    check_origin(request)
    state = state_of(request)
    # Guessing 256 bits is hopeless; the limit keeps it from being loud.
    async with state.throttle.admit(f"login:{request.client.host if request.client else ''}"):
        principal = await state.database.run(lambda c: find_principal(c, key.strip()))
    if principal is None:
        values = {"message": "This key is unknown, expired or revoked.", "next": _inside(next)}
        return render(request, "login.html", values, status=401)
    cookie = await state.database.run(lambda c: create_session(c, principal))
    answer = RedirectResponse(_inside(next), 303)
    answer.set_cookie(
        COOKIE, cookie, max_age=int(SESSION_SECONDS), httponly=True, samesite="strict",
        secure=state.settings.has_https, path="/",
    )  # fmt: skip
    return answer


@router.post("/logout")
async def logout(request: Request) -> Response:
    """End the session."""
    check_origin(request)
    identifier = request.cookies.get(COOKIE, "").partition(".")[0]
    query = delete(SESSION).where(SESSION.c.id == identifier)
    await state_of(request).database.run(lambda c: c.execute(query))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _inside(target: str) -> str:
    """Return a path of this site: never an address somebody smuggled in."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() else "/"
