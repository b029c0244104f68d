"""The welcome mail, with a link that sets the owner's password once.

It is sent by the service that makes the link, as a secret must not pass through the workflow or be
kept by who sends mails: the notification service keeps what it sent. A mail that is sent again
after a crash has the same link.
"""

from base.clock import utc_now
from services.notification.binding import MailBinding
from services.notification.models import Notice
from services.notification.notices import Notices
from systems.tenants.estate.kept import Kept
from systems.tenants.identity.realms import Realms

_TEMPLATE = "tenant_welcome"


class Welcome:
    """Sends the mail. Methods raise Unavailable, and a 503 problem when no server takes it."""

    def __init__(self, realms: Realms, mail: MailBinding, notices: Notices) -> None:
        self._realms = realms
        self._mail = mail
        self._notices = notices

    async def send(self, kept: Kept, facts: dict[str, str]) -> None:
        """Send it to the owner of the realm, unless it was sent."""
        if await self._realms.was_invited(kept):
            return
        to, link = await self._realms.invite(kept)
        told = {**facts, "slug": kept.slug, "issuer": self._realms.issuer(kept.slug), "link": link}
        notice = Notice(template=_TEMPLATE, to=to, facts=dict(told))
        await self._mail.send(self._notices.compose(notice))
        await self._realms.invited(kept, utc_now())
