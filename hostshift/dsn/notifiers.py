"""Schemes of notification URLs, in which a token may stand where other URLs have a host.

``slack://A/B/C`` and ``pover://user@token`` name a service of the internet by their scheme, and
what stands behind it is secret. Sources: the templates of Apprise's plugins, and the services of
Shoutrrr.
"""

from __future__ import annotations

from hostshift.base.addresses import is_host_alias, is_loopback

_HOSTLESS = (
    " 46elks acs aprs atalk awswhatsapp azure bale bluesky brevo bsky bulksms bulkvs burstsms"
    " chanify clickatell clicksend cliq cm d7sms dapnet dingtalk discord dot eight00com elks"
    " exotel fcm feishu firehydrant flock freemobile gchat github googlechat groundmail groupme"
    " guilded gupshup hangouts httpsms ifttt ilert incidentio instagram jira join kakao kakaotalk"
    " kaleyra kavenegar klr kook kudosity kumulos lark lauther lfg line logger mailersend"
    " mobilemessage mobilemsg msg91 msgbird msteams nexmo nostr notifiarr notifyapp notifyre o365"
    " octopush onesignal opsgenie pagerduty pagertree pbul pingram plivo postmark pover prowl"
    " psafer psafers push pushbullet pushed pushme pushover pushplus pushward pushy qq reddit"
    " resend revolt ringc ryver schan sendgrid serwersms ses seven sfr signalgrid signl4"
    " simplepush sinch slack smsc smsmanager smsmgr smstunnel sns spike splunk spugpush spush"
    " squadcast stackfield strmlabs teams telegram telesign telnyx tgram threema tweet twilio"
    " twist twitter viber victorops voipms vonage webex wecom wecombot whapi whatsapp wpush"
    " wxpusher wxteams x youlmk zalo zcliq"
    " zohocliq zoom zulip "
)
"""Names without a host of the user's, with blanks around each."""
_EITHER = (
    " betterstack fluxer fluxers lametric lametrics matrix matrixs notica noticas notifico"
    " notificos ntfy ntfys pushdeer pushdeers trigv trigvs "
)
"""Names with a host of the user's, or with a token or a topic of the service's in its place."""


def names_no_host(scheme: str, text: str) -> bool:
    """Return True if what stands behind a scheme of these names no host.

    An address has a port or is one of this machine. A name with dots is one only for a scheme that
    takes hosts, because a token may have dots.
    """
    padded = f" {scheme.lower()} "
    either = padded in _EITHER
    if not either and padded not in _HOSTLESS:
        return False
    authority = text[len(scheme) + 3 :].partition("/")[0].partition("?")[0].rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if colon and port.isdecimal() and host:
        return False
    if not authority.isdecimal() and (is_loopback(authority) or is_host_alias(authority)):
        return False
    return not (either and "." in authority)
