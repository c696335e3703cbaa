"""E-mail through SMTP, over TLS; the server's address passes the same guard as a webhook's."""

import smtplib
import socket
from email.message import EmailMessage
from typing import Any

from costmodel.budget.alert import Alert
from costmodel.io.delivery.channels.answer import Answer, Verdict
from costmodel.io.delivery.destination import Mailbox
from costmodel.io.delivery.formats.text import plain_text, shorten, title
from costmodel.io.delivery.guard import GuardPolicy, Resolver, check_port, checked_addresses
from costmodel.io.delivery.transport import TIMEOUT_SECONDS, tls_context


def send_email(
    mailbox: Mailbox, alert: Alert, webhook_id: str, *, policy: GuardPolicy, resolve: Resolver
) -> Answer:
    """Send an alert by e-mail.

    Raises:
        BadInputError: a secret is missing or the guard refuses the server.
        OSError: the server does not answer or does not take the message.
    """
    check_port(mailbox.host, mailbox.port, policy)
    address = checked_addresses(mailbox.host, mailbox.port, policy, resolve)[0]
    message = build_message(mailbox, alert, webhook_id)
    with _connect(mailbox, address) as server:
        if mailbox.security == "starttls":
            server.starttls(context=tls_context(None))
        if mailbox.username is not None and mailbox.password is not None:
            server.login(mailbox.username, mailbox.password.reveal())
        refused = server.send_message(message)
    # A server that took it for some recipients has it: sending again would double theirs.
    note = f", {len(refused)} of {len(mailbox.recipients)} recipients refused" if refused else ""
    return Answer(Verdict.DELIVERED, f"SMTP accepted{note}")


def build_message(mailbox: Mailbox, alert: Alert, webhook_id: str) -> EmailMessage:
    """Return the e-mail; its Message-ID is the idempotency key, so repeats are one to mailers."""
    message = EmailMessage()
    message["Subject"] = shorten(title(alert), 200)
    message["From"] = mailbox.sender
    message["To"] = ", ".join(mailbox.recipients)
    message["Date"] = alert.created_at
    message["Message-ID"] = f"<{webhook_id}@{mailbox.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(plain_text(alert))
    return message


def _connect(mailbox: Mailbox, address: str) -> smtplib.SMTP:
    if mailbox.security == "tls":
        return _PinnedTlsSmtp(address, mailbox)
    return _PinnedSmtp(address, mailbox)


class _PinnedSmtp(smtplib.SMTP):
    """Connects to a checked address while certificates are checked for the name."""

    def __init__(self, address: str, mailbox: Mailbox) -> None:
        self._address = address
        super().__init__(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        return socket.create_connection((self._address, port), timeout)


class _PinnedTlsSmtp(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def __init__(self, address: str, mailbox: Mailbox) -> None:
        self._address = address
        context = tls_context(None)
        super().__init__(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)
