"""A mail sent by SMTP from a function of its own: no key can tell it from its repetition."""

import smtplib
from email.message import EmailMessage

from temporalio import activity


@activity.defn
def notify(receiver: str, text: str) -> None:
    message = EmailMessage()
    message["To"] = receiver
    message.set_content(text)
    deliver(message)


def deliver(message: EmailMessage) -> None:
    with smtplib.SMTP("localhost", timeout=10) as post_office:
        post_office.send_message(message)  # finding: CP306
