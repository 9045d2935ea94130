"""`assistant calendar accounts ...`: which servers and web calendars the calendar is connected to.

There is no connection until one is added here. The password goes into the system's keyring, never into a file.
"""

from __future__ import annotations

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import tomli_w

from assistant_app.agenda.store import CalendarStore
from assistant_app.agenda.sync import passwords
from assistant_app.agenda.sync.caldav_server import RemoteCalendar
from assistant_app.agenda.sync.service import CalendarSync, Connection
from assistant_app.cli.invocation import (
    DONE,
    Invocation,
    add_clock,
    add_json,
    add_profile,
    confirm,
    print_json,
    say,
)
from assistant_app.errors import InputError
from assistant_app.settings import (
    CalendarAccount,
    LinkedCalendar,
    Settings,
    load_settings,
    save_settings,
    settings_from_toml,
)

Run = Callable[[argparse.Namespace, Invocation, CalendarStore], int]


def add_actions(actions: Any) -> None:
    """`accounts` among the actions of `assistant calendar`."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "accounts", help="servers and web calendars to keep in step with"
    )
    kinds = parser.add_subparsers(dest="account_action", metavar="ACTION", required=True)

    def action(name: str, run: Run, help: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = kinds.add_parser(name, help=help)
        made.set_defaults(act=run)
        add_json(made)
        add_clock(made)
        add_profile(made)
        return made

    action("list", _list, "the accounts, what they connect to, and since when")
    add = action("add", _add, "connect a CalDAV account or a calendar on the web")
    add.add_argument("name", help="what to call it here")
    add.add_argument("address", help="of the server (https://dav.example.org), or of the .ics file")
    add.add_argument("--user", default="", help="the user name there")
    add.add_argument("--web", action="store_true", help="a calendar on the web, which is only read")
    add.add_argument("--allow-http", action="store_true", help="permit an address without encryption")
    _choices(add)
    _password_option(add)
    action("find", _find, "the calendars that the server offers").add_argument("name")
    choose = action("choose", _choose, "which calendars to keep in step; the others are left alone")
    choose.add_argument("name")
    _choices(choose)
    for word in ("on", "off"):
        action(word, _switch, f"switch the connection {word}; nothing is lost").add_argument("name")
    password = action("password", _password, "give the password anew")
    password.add_argument("name")
    _password_option(password)
    remove = action("remove", _remove, "disconnect; the events stay here")
    remove.add_argument("name")
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--calendar",
        action="append",
        default=[],
        metavar="THEIRS[=OURS]",
        help="a calendar there, and what it is called here; may be given several times",
    )
    parser.add_argument("--all", action="store_true", help="every calendar there")


def _password_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def _list(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    found = _syncing(invocation, store).connections()
    if args.json:
        print_json({"accounts": [_connection_json(one, invocation) for one in found]})
        return DONE
    for one in found:
        print(f"{one.name}: {'on' if one.switched_on else 'off'}, {one.host}. {one.purpose}")
    if not found:
        say("No account is connected; the calendar talks to nobody.")
    return DONE


def _add(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    settings = load_settings(invocation.paths.settings_file).settings
    if any(account.name == args.name for account in settings.accounts):
        raise InputError("account_exists", f"There is an account {args.name} already. Choose another name.")
    address, web = args.address, args.web
    if address.startswith(("webcal://", "webcals://")):
        address, web = "https://" + address.partition("://")[2], True
    elif "://" not in address:
        address = f"https://{address}"
    account = CalendarAccount(args.name, address, "web" if web else "caldav", args.user, allow_http=args.allow_http)
    _check(account)
    password = _asked_password(account, from_stdin=args.password_stdin) if account.user else None
    if web:
        folder = args.calendar[0] if args.calendar else account.name
        _check_new_folder(folder, store)
        account = replace(account, calendars=(LinkedCalendar(_free(folder, settings, account), address),))
        offered: list[RemoteCalendar] = []
    else:
        offered = _offered(account, password, store, invocation)
        account = replace(account, calendars=_links(account, offered, args, settings))
    if password is not None:
        passwords.keep_password(account, password)
    _save(invocation, replace(settings, accounts=(*settings.accounts, account)))
    if args.json:
        print_json({"account": account_json(account), "offered": [_offer_json(one) for one in offered]})
        return DONE
    print(f"Connected: {account.name}")
    _print_links(account, offered)
    return DONE


def _find(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    account = _account(load_settings(invocation.paths.settings_file).settings, args.name)
    offered = _offered(account, None, store, invocation)
    if args.json:
        print_json({"account": account_json(account), "offered": [_offer_json(one) for one in offered]})
    else:
        _print_links(account, offered)
    return DONE


def _choose(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    settings = load_settings(invocation.paths.settings_file).settings
    account = _account(settings, args.name)
    offered = _offered(account, None, store, invocation)
    chosen = replace(account, calendars=_links(account, offered, args, settings))
    kept = {link.folder for link in chosen.calendars}
    dropped = replace(account, calendars=tuple(link for link in account.calendars if link.folder not in kept))
    _save(invocation, _with(settings, chosen))
    _syncing(invocation, store).forget(dropped)
    if args.json:
        print_json({"account": account_json(chosen), "offered": [_offer_json(one) for one in offered]})
    else:
        _print_links(chosen, offered)
    return DONE


def _switch(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    settings = load_settings(invocation.paths.settings_file).settings
    account = replace(_account(settings, args.name), switched_on=args.account_action == "on")
    _save(invocation, _with(settings, account))
    if args.json:
        print_json({"account": account_json(account)})
    else:
        print(f"{account.name} is switched {args.account_action}.")
    return DONE


def _password(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    account = _account(load_settings(invocation.paths.settings_file).settings, args.name)
    if not account.user:
        raise InputError("account_no_user", f"{account.name} has no user name, so it needs no password.")
    ring = passwords.keyring_in_use()
    given = _typed(account, from_stdin=args.password_stdin)
    passwords.keep_password(account, given)
    if args.json:
        print_json({"account": account_json(account), "keyring": ring})
    else:
        print(f"The password of {account.name} is kept in: {ring}")
    return DONE


def _remove(args: argparse.Namespace, invocation: Invocation, store: CalendarStore) -> int:
    settings = load_settings(invocation.paths.settings_file).settings
    account = _account(settings, args.name)
    waiting = sum(one.waiting for one in _syncing(invocation, store).status() if one.account == account.name)
    note = f" {waiting} changes have not been sent." if waiting else ""
    if not confirm(f"Disconnect {account.name}? Its events stay here.{note}", yes=args.yes, as_json=args.json):
        say("Nothing was changed.")
        return DONE
    _save(invocation, replace(settings, accounts=tuple(one for one in settings.accounts if one.name != account.name)))
    _syncing(invocation, store).forget(account)
    passwords.forget_password(account)
    if args.json:
        print_json({"removed": account_json(account)})
    else:
        print(f"Disconnected: {account.name}")
    return DONE


# Within


def _syncing(invocation: Invocation, store: CalendarStore) -> CalendarSync:
    from assistant_app.app import build_sync

    return build_sync(load_settings(invocation.paths.settings_file).settings, invocation.paths, store)


def _offered(
    account: CalendarAccount, password: str | None, store: CalendarStore, invocation: Invocation
) -> list[RemoteCalendar]:
    if account.kind == "web":
        raise InputError("account_web", f"{account.name} is one calendar on the web; there is nothing to choose.")
    if password is None:
        syncing = CalendarSync([account], store, invocation.paths.calendar_sync_file)
    else:
        syncing = CalendarSync([account], store, invocation.paths.calendar_sync_file, password_of=lambda _: password)
    return syncing.find_calendars(account)


def _links(
    account: CalendarAccount, offered: Sequence[RemoteCalendar], args: argparse.Namespace, settings: Settings
) -> tuple[LinkedCalendar, ...]:
    """The chosen calendars; those that were linked before keep their folder."""
    known = {link.address: link.folder for link in account.calendars}
    wishes: list[tuple[RemoteCalendar, str]] = []
    if args.all:
        wishes = [(one, "") for one in offered if {"VEVENT", "VTODO"} & set(one.kinds)]
    for wish in args.calendar:
        theirs, _, ours = wish.partition("=")
        wishes.append((_named(theirs, offered), ours))
    links: dict[str, LinkedCalendar] = {}
    for remote, ours in wishes:
        taken = {link.folder for link in links.values()}
        folder = ours or known.get(remote.address) or _folder_name(remote.name)
        if folder in taken:
            raise InputError("folder_taken", f"Two calendars cannot both be {folder} here. Name one with THEIRS=OURS.")
        links[remote.address] = LinkedCalendar(_free(folder, settings, account), remote.address)
    return tuple(links.values())


def _named(name: str, offered: Sequence[RemoteCalendar]) -> RemoteCalendar:
    found = [one for one in offered if name.casefold() in (one.name.casefold(), _last_part(one).casefold())]
    found = found or [one for one in offered if name == one.address]
    if len(found) != 1:
        names = ", ".join(f"{one.name} ({_last_part(one)})" for one in offered) or "none"
        raise InputError("calendar_unknown", f"{name!r} does not name one of the server's calendars: {names}.")
    return found[0]


def _last_part(remote: RemoteCalendar) -> str:
    return unquote(urlsplit(remote.address).path).rstrip("/").rpartition("/")[2]


def _folder_name(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w .-]+", "-", name).strip(" .-") or "calendar"


def _free(folder: str, settings: Settings, account: CalendarAccount) -> str:
    if not folder.strip() or folder.startswith(".") or "/" in folder or "\\" in folder:
        raise InputError("calendar_name", f"{folder!r} cannot be the name of a calendar. Use letters and digits.")
    for other in settings.accounts:
        if other.name != account.name and any(link.folder == folder for link in other.calendars):
            raise InputError(
                "folder_taken", f"{folder} is kept in step with {other.name} already. Name it otherwise: THEIRS=OURS."
            )
    return folder


def _check_new_folder(folder: str, store: CalendarStore) -> None:
    if any((store.root / folder).glob("*.ics")):
        raise InputError(
            "folder_taken",
            f"There is a calendar {folder} with events of its own. Give the web calendar another name: --calendar NAME",
        )


def _check(account: CalendarAccount) -> None:
    """The settings' own check of a name and an address, before anything is asked or stored."""
    if not re.fullmatch(r"[\w-]{1,60}", account.name):
        raise InputError("account_name", f"{account.name!r} cannot name an account. Use letters, digits, - and _.")
    settings_from_toml(f'[accounts."{account.name}"]\naddress = {_quoted(account.address)}\n')


def _quoted(text: str) -> str:

    return tomli_w.dumps({"x": text}).removeprefix("x = ").strip()


def _asked_password(account: CalendarAccount, *, from_stdin: bool) -> str | None:
    """The password to keep; None where the environment gives it for this run."""

    if os.environ.get(passwords.environment_variable(account)):
        return None
    passwords.keyring_in_use()  # says what to do before anybody types in vain
    return _typed(account, from_stdin=from_stdin)


def _typed(account: CalendarAccount, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError(
            "password_needed",
            f"Nobody can be asked for the password here. Use --password-stdin, or set "
            f"{passwords.environment_variable(account)}.",
        )
    return getpass.getpass(f"Password of {account.user} at {urlsplit(account.address).hostname}: ")


def _account(settings: Settings, name: str) -> CalendarAccount:
    for account in settings.accounts:
        if account.name == name:
            return account
    raise InputError("account_unknown", f"There is no account {name}. See them: assistant calendar accounts list")


def _with(settings: Settings, account: CalendarAccount) -> Settings:
    return replace(settings, accounts=tuple(account if one.name == account.name else one for one in settings.accounts))


def _save(invocation: Invocation, settings: Settings) -> None:
    save_settings(invocation.paths.settings_file, settings)


def _print_links(account: CalendarAccount, offered: Sequence[RemoteCalendar]) -> None:
    linked = {link.address: link.folder for link in account.calendars}
    for one in offered:
        here = f"kept in step as {linked[one.address]}" if one.address in linked else "not chosen"
        print(f"  {one.name} [{_last_part(one)}]{'' if one.writable else ', read only'}: {here}")
    if linked:
        print("Keep them in step: assistant calendar sync")
    else:
        print(f"Choose some: assistant calendar accounts choose {account.name} --calendar THEIRS[=OURS] (or --all)")


def account_json(account: CalendarAccount) -> dict[str, Any]:
    return {
        "name": account.name,
        "kind": account.kind,
        "address": account.address,
        "user": account.user,
        "switched_on": account.switched_on,
        "calendars": [{"calendar": link.folder, "address": link.address} for link in account.calendars],
    }


def _offer_json(one: RemoteCalendar) -> dict[str, Any]:
    return {"name": one.name, "address": one.address, "writable": one.writable, "kinds": list(one.kinds)}


def _connection_json(one: Connection, invocation: Invocation) -> dict[str, Any]:
    last = one.last_used.astimezone(invocation.zone).replace(microsecond=0, tzinfo=None) if one.last_used else None
    return {
        "name": one.name,
        "kind": one.kind,
        "host": one.host,
        "purpose": one.purpose,
        "switched_on": one.switched_on,
        "last_used": last and last.isoformat(),
    }
