"""E-mail, SNS, programs and TLS, each against a real counterpart on loopback."""

import email
import json
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from costmodel.errors import BadInputError, MissingDependencyError
from costmodel.io.delivery.channels.answer import Verdict
from costmodel.io.delivery.channels.command import run_command
from costmodel.io.delivery.channels.email import build_message, send_email
from costmodel.io.delivery.channels.http import send_webhook
from costmodel.io.delivery.channels.sns import send_sns
from costmodel.io.delivery.destination import Command, Mailbox, Topic, Webhook
from costmodel.io.delivery.guard import GuardError, GuardPolicy
from costmodel.io.delivery.outbox import open_outbox
from costmodel.io.delivery.secret import SecretReference
from costmodel.io.delivery.transport import Http
from tests.certificates import make_identity
from tests.delivery_lab import NOW, commit, deliver, make_alert


def to_loopback(host, port):
    return ["127.0.0.1"]


def inside(host, port):
    return GuardPolicy(frozenset({port}), frozenset({host}))


class MailServer(socketserver.ThreadingTCPServer):
    """Enough of SMTP: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context):
        super().__init__(("127.0.0.1", 0), MailSession)
        self.context = context
        self.messages, self.logins, self.refused = [], [], set()
        self.port = self.server_address[1]


class MailSession(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 mail.test ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.say("250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN")
            elif verb == "STARTTLS":
                self.say("220 go ahead")
                self.connection = self.server.context.wrap_socket(
                    self.connection, server_side=True
                )
                self.setup()
            elif verb == "AUTH":
                self.server.logins.append(line.split()[-1])
                self.say("235 welcome")
            elif verb == "RCPT" and line.split("<")[1].rstrip(">") in self.server.refused:
                self.say("550 nobody here")
            elif verb == "DATA":
                self.say("354 go on")
                self.server.messages.append(self.read_message())
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def setup(self):
        if not hasattr(self, "connection"):
            self.connection = self.request
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def read_message(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        return email.message_from_bytes(b"".join(lines))


@pytest.fixture
def mail_server(tmp_path, monkeypatch):
    identity = make_identity(tmp_path, "mail.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.path)
    monkeypatch.setenv("SSL_CERT_FILE", str(identity.path))
    with MailServer(context) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def tls_mail_server(mail_server):
    """The same server, with TLS before it says a word."""
    mail_server.socket = mail_server.context.wrap_socket(mail_server.socket, server_side=True)
    mail_server.handle_error = lambda *_args: None
    return mail_server


def mailbox(server, host="mail.test", **changes):
    values = {
        "host": host,
        "port": server.port,
        "security": "starttls",
        "sender": "costs@example.com",
        "recipients": ("team@example.com", "boss@example.com"),
        "username": None,
        "password": None,
    }
    return Mailbox(**{**values, **changes})


def send(server, box, alert=None):
    return send_email(
        box,
        alert or make_alert(),
        "msg_1",
        policy=inside(box.host, server.port),
        resolve=to_loopback,
    )


def test_an_email_goes_out_over_tls_with_login_and_the_key_as_message_id(mail_server, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "sesame")
    box = mailbox(mail_server, username="costs", password=SecretReference("env:MAIL_PASSWORD"))

    answer = send(mail_server, box)

    (message,) = mail_server.messages
    assert answer.verdict is Verdict.DELIVERED
    assert message["Message-ID"] == "<msg_1@example.com>"
    assert message["Subject"] == "Budget threshold crossed: team"
    assert message["To"] == "team@example.com, boss@example.com"
    assert "What moved:" in message.get_payload()
    assert mail_server.logins == ["AGNvc3RzAHNlc2FtZQ=="]  # \0costs\0sesame


def test_a_mail_server_whose_certificate_names_another_host_gets_nothing(mail_server):
    with pytest.raises(OSError, match="certificate verify failed"):
        send(mail_server, mailbox(mail_server, host="other.test"))

    assert mail_server.messages == []


def test_a_refused_recipient_does_not_double_the_mail_of_the_others(mail_server):
    mail_server.refused.add("boss@example.com")

    answer = send(mail_server, mailbox(mail_server))

    assert answer.verdict is Verdict.DELIVERED
    assert answer.text == "SMTP accepted, 1 of 2 recipients refused"


def test_mail_over_tls_from_the_first_byte_checks_the_name_too(tls_mail_server):
    send(tls_mail_server, mailbox(tls_mail_server, security="tls"))
    with pytest.raises(OSError, match="certificate verify failed"):
        send(tls_mail_server, mailbox(tls_mail_server, host="other.test", security="tls"))

    assert len(tls_mail_server.messages) == 1


def test_mail_through_an_internal_server_may_go_without_tls(mail_server):
    send(mail_server, mailbox(mail_server, security="none"))

    assert len(mail_server.messages) == 1


def test_a_mail_server_inside_is_refused_unless_listed(mail_server):
    policy = GuardPolicy(frozenset({mail_server.port}))

    with pytest.raises(GuardError, match="not a public address"):
        send_email(mailbox(mail_server), make_alert(), "msg_1", policy=policy, resolve=to_loopback)


def test_line_breaks_in_a_budget_name_cannot_add_mail_headers(mail_server):
    alert = make_alert("x\nBcc: thief@example.com")

    message = build_message(mailbox(mail_server), alert, "msg_1")

    assert message["Bcc"] is None
    assert message["Subject"] == "Budget threshold crossed: xBcc: thief@example.com"


def test_a_message_to_sns_is_published_once_per_key_on_a_fifo_topic(monkeypatch):
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    import boto3

    sns = boto3.client("sns", "eu-west-1")
    sqs = boto3.client("sqs", "eu-west-1")
    fifo = {"FifoTopic": "true"}
    arn = sns.create_topic(Name="costs.fifo", Attributes=fifo)["TopicArn"]
    queue = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sns.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-west-1:123456789012:q.fifo",
        Attributes={"RawMessageDelivery": "true"},
    )

    answer = send_sns(Topic(arn), make_alert("Größe", 1), "msg_1")

    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert answer.verdict is Verdict.DELIVERED
    assert json.loads(message["Body"])["data"]["budget"] == "Größe"
    with pytest.raises(OSError, match="SNS: NotFound"):
        send_sns(Topic("arn:aws:sns:eu-west-1:123456789012:absent"), make_alert(), "msg_2")
    server.stop()
    with pytest.raises(OSError, match="SNS: EndpointConnectionError"):
        send_sns(Topic(arn), make_alert(), "msg_3")


def test_without_boto3_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(MissingDependencyError, match=r"costmodel\[aws\]"):
        send_sns(Topic("arn:aws:sns:eu-west-1:123456789012:x"), make_alert(), "msg_1")


def test_a_program_reads_the_alert_and_sees_no_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "sesame")
    out = tmp_path / "out.json"
    script = (
        "import json, os, sys; body = json.load(sys.stdin); "
        f"json.dump([body['data']['key'], dict(os.environ)], open({str(out)!r}, 'w'))"
    )

    answer = run_command(
        Command((sys.executable, "-c", script)), make_alert(), "msg_1", allowed=True
    )

    key, environment = json.loads(out.read_text())
    assert answer.verdict is Verdict.DELIVERED
    assert key == "team/2025-03-01/0"
    assert environment["WEBHOOK_ID"] == "msg_1"
    assert "MAIL_PASSWORD" not in environment


def test_a_program_that_fails_is_a_failed_attempt():
    answer = run_command(Command(("/bin/false",)), make_alert(), "msg_1", allowed=True)

    assert (answer.verdict, answer.text) == (Verdict.FAILED, "exit status 1")


def test_a_program_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr("costmodel.io.delivery.channels.command.TIMEOUT_SECONDS", 0.2)

    with pytest.raises(OSError, match="ran longer"):
        run_command(Command(("/bin/sleep", "30")), make_alert(), "msg_1", allowed=True)


def test_programs_are_off_unless_allowed():
    with pytest.raises(BadInputError, match="format exec is off"):
        run_command(Command(("/bin/true",)), make_alert(), "msg_1", allowed=False)


class Accept(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append(self.headers["host"])
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args):
        pass


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_args):
        pass  # a client that dislikes the certificate hangs up


@pytest.fixture
def tls_server(tmp_path):
    identity = make_identity(tmp_path, "hooks.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.path)
    with QuietServer(("127.0.0.1", 0), Accept) as server:
        server.seen, server.pem = [], str(identity.path)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def post(server, host, *, ca_file, resolve=to_loopback, alert=None):
    port = server.server_address[1]
    webhook = Webhook("slack", f"https://{host}:{port}/x", (), None, ca_file)
    policy = inside(host, port)
    http = Http(policy, resolve=resolve, timeout=3.0)
    try:
        return send_webhook(
            webhook, alert or make_alert(), "msg_1", http=http, policy=policy, now=NOW
        )
    finally:
        http.close()


def test_a_webhook_goes_to_the_checked_address_under_the_name_of_its_certificate(tls_server):
    answer = post(tls_server, "hooks.test", ca_file=tls_server.pem)

    assert answer.verdict is Verdict.DELIVERED
    assert tls_server.seen == [f"hooks.test:{tls_server.server_address[1]}"]


@pytest.mark.parametrize("host", ["hooks.test", "other.test"])
def test_a_certificate_unknown_or_of_another_name_stops_a_webhook(tls_server, host):
    ca_file = None if host == "hooks.test" else tls_server.pem

    with pytest.raises(OSError, match="certificate verify failed"):
        post(tls_server, host, ca_file=ca_file)

    assert tls_server.seen == []


def test_the_next_address_is_tried_where_the_first_refuses(tls_server):
    def resolve(host, port):
        return ["127.9.9.9", "127.0.0.1"]

    assert post(tls_server, "hooks.test", ca_file=tls_server.pem, resolve=resolve).verdict == (
        Verdict.DELIVERED
    )


def test_a_name_that_cannot_be_resolved_is_unreachable_not_a_crash(tls_server):
    def resolve(host, port):
        raise OSError("no such host")

    with pytest.raises(OSError, match=r"hooks\.test cannot be resolved|no such host"):
        post(tls_server, "hooks.test", ca_file=tls_server.pem, resolve=resolve)


def test_an_unreadable_ca_file_is_an_error_that_names_it(tls_server):
    with pytest.raises(BadInputError, match="ca_file /no/such"):
        post(tls_server, "hooks.test", ca_file="/no/such")


def test_every_kind_of_target_goes_through_the_outbox(tmp_path, mail_server):
    from costmodel.io.delivery.destination import parse_destinations

    config = parse_destinations(
        {
            "internal_receivers": ["mail.test"],
            "ports": [mail_server.port],
            "allow_exec": True,
            "destinations": [
                {
                    "name": "mail",
                    "format": "email",
                    "host": "mail.test",
                    "port": mail_server.port,
                    "from": "a@example.com",
                    "to": "b@example.com",
                },
                {"name": "run", "format": "exec", "command": ["/bin/true"]},
                {"name": "bad", "format": "exec", "command": ["/no/such/program"]},
            ],
        },
        "webhooks.yaml",
    )
    outbox = open_outbox(str(tmp_path / "outbox.db"))
    commit(outbox, config, [make_alert()])

    report = deliver(outbox, config, resolve=to_loopback)

    assert (report.delivered, report.failed) == (2, 1)
    answers = {row.destination: row.last_answer for row in outbox.list_alerts()}
    assert answers == {
        "mail": "SMTP accepted",
        "run": "exit status 0",
        "bad": "No such file or directory",
    }
